import { describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@millrace/kernel';
import { aHolder, aLeasedTask, aTask, taskIdOf } from '../testing/builders.js';
import { InMemorySchedulingDatabase } from '../testing/in-memory-scheduling-stores.js';
import type { SchedulingScope } from './ports/scheduling-scope.port.js';
import { TaskChanges } from './task-changes.js';

/** One task is leased and the lease of another ends. */
function twoChanges(): TaskChanges {
  const [queued, leased] = [aTask({ id: taskIdOf(1) }), aLeasedTask(aTask({ id: taskIdOf(2) }))];
  const changes = new TaskChanges([queued, leased], { now: 0, leaseMs: 30_000 });
  changes.apply(queued.id, { kind: 'leased', holder: aHolder(), reason: 'spec' });
  changes.apply(leased.id, { kind: 'lost', closedAtMs: 5, counted: false });
  return changes;
}

/** A scope that notes when each statement begins and ends, and when messages are stamped. */
function notingScope(stamped: () => Promise<void>) {
  const steps: string[] = [];
  const statement = (name: string) => async (): Promise<void> => {
    steps.push(`${name} begins`);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    steps.push(`${name} ends`);
  };
  const { tasks, leases, history, ...stores } = new InMemorySchedulingDatabase(new VirtualClock()).stores();
  const scope: SchedulingScope = {
    ...stores,
    tasks: { ...tasks, save: statement('save') },
    leases: { ...leases, end: statement('end'), grant: statement('grant') },
    history: { ...history, addServed: statement('served'), addRuns: statement('runs') },
    inbox: { claim: async () => [] },
    outbox: {
      add: () => {
        steps.push('stamped');
        return stamped();
      },
    },
  };
  return { steps, scope };
}

const ROWS = ['save begins', 'stamped', 'save ends', 'end begins', 'end ends', 'grant begins', 'grant ends'];

describe('the changes of one batch', () => {
  it('are written one statement at a time, and messages are stamped while the first runs', async () => {
    const { steps, scope } = notingScope(async () => {});
    await twoChanges().write(scope);
    expect(steps.slice(0, ROWS.length)).toEqual(ROWS);
  });

  it('reject only when no statement is on its way or to come, where a message cannot be stamped', async () => {
    const { steps, scope } = notingScope(() => Promise.reject(new Error('breaks its schema')));
    await expect(twoChanges().write(scope)).rejects.toThrow('breaks its schema');
    expect(steps).toEqual(ROWS);
  });
});
