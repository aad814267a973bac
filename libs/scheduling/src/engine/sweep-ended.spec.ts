import { describe, expect, it } from '@jest/globals';
import type { TenantId } from '@millrace/kernel';
import { aTask, aWorker, idOf, taskIdOf } from '../testing/builders.js';
import { startedScheduler, type SchedulerFixture } from '../testing/scheduler-fixture.js';
import { SWEEP_ROWS_MAX } from './sweep-ended.js';

const DAY_MS = 24 * 3_600_000;
/** Between two sweeps. */
const ROUND_MS = 600_000;
const KEPT_MS = 8 * DAY_MS;

function rowsOf({ database: { tables } }: SchedulerFixture): number[] {
  return [tables.tasks.size, tables.tombstones.size, tables.workers.size];
}

/** Ended tasks 1 to `count`, a tombstone and a lost worker, so long ago. */
async function withEnded(count: number, agoMs: number): Promise<SchedulerFixture> {
  const s = await startedScheduler();
  const at = s.clock.now() - agoMs;
  const { tables } = s.database;
  for (let n = 1; n <= count; n++) {
    tables.tasks.set(taskIdOf(n), aTask({ id: taskIdOf(n), state: 'completed', endedAt: at }));
  }
  tables.tombstones.set('one', { taskId: taskIdOf(900_000), tenantId: 'acme' as TenantId, leftAt: at });
  tables.workers.set(idOf(0xee), aWorker({ incarnation: idOf(0xee), state: 'lost', heartbeatAt: at }));
  return s;
}

describe('SweepEnded', () => {
  it('removes tasks, tombstones and worker incarnations 8 days after their end, and not before', async () => {
    const s = await withEnded(1, KEPT_MS - ROUND_MS - 5_000);
    await s.clock.advance(ROUND_MS + 2_000);
    expect(rowsOf(s)).toEqual([1, 1, 1]);
    await s.clock.advance(ROUND_MS);
    expect(rowsOf(s)).toEqual([0, 0, 0]);
  });

  it('takes a bounded batch at a time, and the rest at the next ticks', async () => {
    const s = await withEnded(2 * SWEEP_ROWS_MAX + 1, KEPT_MS);
    const seen = new Set<number>();
    for (let tick = 0; tick < 620; tick++) {
      await s.clock.advance(1_000);
      seen.add(s.database.tables.tasks.size);
    }
    expect([...seen]).toEqual([2 * SWEEP_ROWS_MAX + 1, SWEEP_ROWS_MAX + 1, 1, 0]);
  });

  it('leaves what has not ended, however old', async () => {
    const s = await startedScheduler({ settings: { queueTtlMs: 100 * DAY_MS } });
    const requestedAt = s.clock.now() - 50 * DAY_MS;
    s.database.tables.tasks.set(taskIdOf(1), aTask({ requestedAt }));
    await s.clock.advance(2 * ROUND_MS);
    expect(rowsOf(s)[0]).toBe(1);
  });
});
