import { describe, expect, it } from '@jest/globals';
import { VirtualClock, type TaskId } from '@millrace/kernel';
import { createInMemoryUnitOfWork } from '@millrace/messaging/testing';
import fc from 'fast-check';
import type { TaskCommand } from '../domain/task-command.js';
import { liveAttempt } from '../domain/task.js';
import { aHolder, aReport, aTask, aWorker, idOf, taskIdOf } from '../testing/builders.js';
import { InMemorySchedulingDatabase } from '../testing/in-memory-scheduling-stores.js';
import { LiveState, toWaitingTask } from './live-state.js';
import type { SchedulingScope, SchedulingUnitOfWork } from './ports/scheduling-scope.port.js';
import { runAsLeader } from './scheduling-context.js';
import { TaskChanges } from './task-changes.js';

const READING = { perTenant: 50, groupsMax: 50, rowsMax: 5_000 };
const NOW = Date.UTC(2026, 0, 1, 12);

async function leading(max?: number) {
  const clock = new VirtualClock();
  const database = new InMemorySchedulingDatabase(clock);
  const transactions = createInMemoryUnitOfWork(database.stores(), { snapshot: () => database.snapshot(), clock });
  const leadership = await database.leaderStore().acquire('one', 10_000);
  if (leadership === undefined) throw new Error('nobody else leads');
  const live = new LiveState(max);
  const lost = { next: false };
  const unitOfWork: SchedulingUnitOfWork = {
    run: async (work) => {
      const result = await transactions.unitOfWork.run(work);
      if (lost.next) throw new Error('the answer was lost');
      return result;
    },
  };
  const context = { unitOfWork, live, clock, leadership: () => leadership };
  const run = <Result>(work: (scope: SchedulingScope) => Promise<Result>) => runAsLeader(context, work);
  const ensure = () => transactions.unitOfWork.run((scope) => live.ensure(scope, clock.monotonicMs()));
  return { clock, database, transactions, live, lost, run, ensure };
}

type World = Awaited<ReturnType<typeof leading>>;

const byKey = <Row>(rows: readonly Row[], key: (row: Row) => string) =>
  rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));

async function expectSame({ live, transactions }: World): Promise<void> {
  await transactions.unitOfWork.run(async ({ tasks, leases, workers }) => {
    expect(byKey(live.pending(READING), ({ id }) => id)).toEqual(byKey(await tasks.pending(READING), ({ id }) => id));
    expect(byKey(live.running(), ({ taskId }) => taskId)).toEqual(await leases.running());
    expect(live.laneCounts()).toEqual(await tasks.laneCounts());
    expect(byKey(live.workers(), ({ workerId }) => workerId)).toEqual(await workers.alive());
  });
}

/** Applies a command to a task, as the use cases do. */
function apply(world: World, id: TaskId, command: Exclude<TaskCommand, { kind: 'requested' }>) {
  return world.run(async (scope) => {
    const changes = new TaskChanges(await scope.tasks.load([id]), { now: NOW, leaseMs: 30_000 });
    changes.apply(id, command);
    await changes.write(scope);
  });
}

const INSERT = 7;
const ERROR = { code: 'engine_crashed', message: 'x', retryable: true };
const COMMANDS: readonly ((incarnation: string) => Exclude<TaskCommand, { kind: 'requested' }>)[] = [
  (incarnation) => ({ kind: 'leased', holder: aHolder({ incarnation, devices: [0] }), reason: 'spec' }),
  () => ({ kind: 'started', report: aReport() }),
  () => ({ kind: 'preempted', report: aReport({ number: 3, gpuMs: 900 }) }),
  () => ({ kind: 'failed', report: aReport({ number: 2 }), error: ERROR }),
  () => ({ kind: 'lost', closedAtMs: 5, counted: false }),
  () => ({ kind: 'cancelRequested' }),
];

async function stop(world: World, id: TaskId): Promise<void> {
  await world.run(async ({ tasks, leases }) => {
    const attempt = (await tasks.load([id])).map(liveAttempt)[0];
    if (attempt !== undefined) await leases.noteStop([{ taskId: id, epoch: attempt.epoch }], NOW + 1);
  });
}

async function step(world: World, [action, number]: readonly [number, number]): Promise<void> {
  const id = taskIdOf(number);
  const incarnation = idOf(0xb0 + number);
  const command = COMMANDS[action];
  if (command !== undefined) return apply(world, id, command(incarnation));
  if (action === 6) return stop(world, id);
  if (action === INSERT) await world.run(({ tasks }) => tasks.insert([aTask({ id, priority: number % 2 })]));
  const worker = aWorker({ incarnation: idOf(0xb0 + number), workerId: `w-${number}`, heartbeatMs: action });
  if (action === 8 && !world.database.tables.workers.has(worker.incarnation)) {
    await world.run(({ workers }) => workers.add([worker]));
  }
  const registered = world.database.tables.workers.get(worker.incarnation);
  if (action === 9 && registered !== undefined) {
    await world.run(({ workers }) => workers.save([{ ...registered, state: number % 2 === 0 ? 'lost' : 'draining' }]));
  }
  if (action === 10 && registered !== undefined) {
    await world.run(({ workers }) => workers.saveTraits([{ ...registered, traits: { loadedModels: [`m${number}`] } }]));
  }
}

describe('the memory of the leader', () => {
  it('holds what the tables hold, whatever was committed and whichever commits failed', async () => {
    const history = fc.array(
      fc.tuple(
        fc.tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 1, max: 4 })),
        fc.integer({ min: 0, max: 19 }),
      ),
      { maxLength: 50, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const world = await leading();
        for (const number of [1, 2, 3]) await step(world, [INSERT, number]);
        for (const [action, chance] of steps) {
          if (chance === 0) world.transactions.failNextCommit(new Error('planned'));
          world.lost.next = chance === 1;
          await step(world, action).catch(() => {});
          world.lost.next = false;
          // What was planned does not wait for a later step.
          await world.run(async () => {}).catch(() => {});
          expect(await world.ensure()).toBe(true);
          await expectSame(world);
        }
      }),
      { numRuns: 80 },
    );
  });

  it('is forgotten when a commit may or may not have taken place, and kept when one wrote nothing', async () => {
    const world = await leading();
    await world.ensure();
    world.transactions.failNextCommit(new Error('the connection broke'));
    await expect(world.run(({ tasks }) => tasks.load([taskIdOf(1)]))).rejects.toThrow('broke');
    expect(world.live.isKnown).toBe(true);
    world.transactions.failNextCommit(new Error('the connection broke'));
    await expect(world.run(({ tasks }) => tasks.insert([aTask()]))).rejects.toThrow('broke');
    expect([world.live.isKnown, world.live.pending(READING)]).toEqual([false, []]);
  });

  it('is kept when the work failed after a write, before any commit', async () => {
    const world = await leading();
    await world.ensure();
    const failed = world.run(async ({ tasks }) => {
      await tasks.insert([aTask()]);
      throw new Error('the work failed');
    });
    await expect(failed).rejects.toThrow('the work failed');
    expect([world.live.isKnown, world.database.tables.tasks.size]).toEqual([true, 0]);
    await expectSame(world);
  });

  it('gives up where reading the tables does not get on', async () => {
    const world = await leading();
    const page = Array.from({ length: 10_000 }, (_, n) => toWaitingTask(aTask({ id: taskIdOf(n) })));
    const stuck = await world.transactions.unitOfWork.run((scope) =>
      world.live.ensure({ ...scope, tasks: { ...scope.tasks, waiting: async () => page } }, 0),
    );
    expect([stuck, world.live.isKnown, world.live.pending(READING)]).toEqual([false, false, []]);
  });

  it('gives up past its limit, and looks again after five minutes', async () => {
    const world = await leading(3);
    const tasks = [1, 2, 3, 4].map((number) => aTask({ id: taskIdOf(number) }));
    await world.run((scope) => scope.tasks.insert(tasks.slice(0, 3)));
    expect(await world.ensure()).toBe(true);
    await world.run((scope) => scope.tasks.insert(tasks.slice(3)));
    expect([world.live.isKnown, await world.ensure()]).toEqual([false, false]);
    await apply(world, taskIdOf(1), { kind: 'cancelRequested' });
    expect(await world.ensure()).toBe(false);
    await world.clock.advance(300_000);
    expect(await world.ensure()).toBe(true);
    await expectSame(world);
  });

  it('does not look again at each failed write while there were too many, but at once in a new term', async () => {
    const world = await leading(1);
    await world.run((scope) => scope.tasks.insert([aTask({ id: taskIdOf(1) }), aTask({ id: taskIdOf(2) })]));
    expect(await world.ensure()).toBe(false);
    await apply(world, taskIdOf(1), { kind: 'cancelRequested' });
    world.transactions.failNextCommit(new Error('the connection broke'));
    await expect(apply(world, taskIdOf(2), { kind: 'cancelRequested' })).rejects.toThrow('broke');
    expect(await world.ensure()).toBe(false);
    world.live.reset();
    expect(await world.ensure()).toBe(true);
    await expectSame(world);
  });
});
