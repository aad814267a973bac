import { queueSnapshot, taskAssigned, taskExpired } from '@millrace/contracts';
import { VirtualClock, toIso } from '@millrace/kernel';
import { describe, expect, it } from '@jest/globals';
import { idOf } from '../testing/builders.js';
import { InMemorySchedulingDatabase } from '../testing/in-memory-scheduling-stores.js';
import { SchedulerFixture, startedScheduler } from '../testing/scheduler-fixture.js';

function two() {
  const clock = new VirtualClock();
  const database = new InMemorySchedulingDatabase(clock);
  const first = new SchedulerFixture({ clock, database, holder: 'one' });
  const second = new SchedulerFixture({ clock, database, holder: 'two' });
  return { clock, database, first, second };
}

/** A database whose renewals of the leader row are not answered until `answer` is called. */
function withHeldRenewal() {
  const clock = new VirtualClock();
  const database = new InMemorySchedulingDatabase(clock);
  const store = database.leaderStore();
  const answered = Promise.withResolvers<void>();
  const renew: typeof store.renew = (held, ttlMs) => answered.promise.then(() => store.renew(held, ttlMs));
  database.leaderStore = () => ({ ...store, renew });
  return { clock, database, answer: () => answered.resolve() };
}

describe('leadership', () => {
  it('only the leader subscribes; the other takes over when it stops', async () => {
    const { first, second } = two();
    await first.start();
    await second.start();
    expect([first.gate, second.gate]).toEqual([['open'], []]);
    await first.scheduler.stop();
    await second.clock.advance(4_000);
    expect(first.gate.at(-1)).toBe('close');
    expect(second.gate).toEqual(['open']);
    expect([first.scheduler.isLeading(), second.scheduler.isLeading()]).toEqual([false, true]);
  });

  it('a scheduler that does not lead writes nothing', async () => {
    const { first, second, database } = two();
    await first.start();
    await second.start();
    await expect(second.request(1)).rejects.toMatchObject({ code: 'not_leader', kind: 'unavailable' });
    expect(database.tables.tasks.size).toBe(0);
  });

  it('a leader whose term was taken while it slept writes nothing more, and steps down', async () => {
    const { first, second, database, clock } = two();
    await first.start();
    if (database.leader !== undefined) database.leader.expiresMs = -1;
    await second.start();
    await expect(first.request(1)).rejects.toMatchObject({ code: 'not_leader' });
    expect(database.tables.tasks.size).toBe(0);
    await clock.advance(4_000);
    expect(first.scheduler.isLeading()).toBe(false);
    expect(first.gate).toEqual(['open', 'close']);
  });

  it('the new leader gives every lease its full time, and does not count what expires before its first heartbeat', async () => {
    const { first, second, clock, database } = two();
    await first.start();
    await first.register({ incarnation: idOf(0xa1) });
    await first.request(1);
    await clock.advance(25_000);
    await first.scheduler.stop();
    await second.start();
    await clock.advance(28_000);
    expect(database.tables.leases.size).toBe(1);
    await clock.advance(4_000);
    expect(database.tables.leases.size).toBe(0);
    expect(database.tables.tasks.get(idOf(1) as never)).toMatchObject({ state: 'queued', lostDeliveries: 0 });
  });

  it('the new leader goes on where the old one was: what waited is placed', async () => {
    const { first, second } = two();
    await first.start();
    await first.register();
    await first.request(1);
    await first.request(2);
    await first.scheduler.stop();
    await second.start();
    await second.report(first.assigned(), 'succeeded', { number: 1 });
    expect(second.of(taskAssigned)).toMatchObject([{ taskId: idOf(2), epoch: 1 }]);
  });

  it('a term that is gone is noticed at the next renewal, and stood for again', async () => {
    const s = await startedScheduler();
    s.database.leader = undefined;
    await s.clock.advance(4_000);
    expect([s.scheduler.isLeading(), s.gate]).toEqual([false, ['open', 'close']]);
    await s.clock.advance(4_000);
    expect([s.scheduler.isLeading(), s.gate]).toEqual([true, ['open', 'close', 'open']]);
  });

  it('a leader whose renewal is not answered within the time to live tells and writes nothing, until one is', async () => {
    const { clock, database, answer } = withHeldRenewal();
    const s = await startedScheduler({ clock, database });
    await s.request(1);
    await clock.advance(9_900);
    expect(s.scheduler.isLeading()).toBe(true);
    const told = s.of(queueSnapshot).length;
    expect(told).toBeGreaterThan(0);
    await clock.advance(30_000);
    expect([s.scheduler.isLeading(), s.of(queueSnapshot).length]).toEqual([false, told]);
    await expect(s.request(2)).rejects.toMatchObject({ code: 'not_leader' });
    expect(s.gate).toEqual(['open']);
    answer();
    await clock.advance(10_000);
    expect([s.scheduler.isLeading(), s.gate]).toEqual([true, ['open']]);
    expect(s.of(queueSnapshot).length).toBeGreaterThan(told);
  });

  it('a leader that has built its state while a renewal is late works as soon as that is answered', async () => {
    const { clock, database, answer } = withHeldRenewal();
    const { history, ...stores } = database.stores();
    const built = Promise.withResolvers<void>();
    const runLengths: typeof history.runLengths = (limit) => built.promise.then(() => history.runLengths(limit));
    database.stores = () => ({ ...stores, history: { ...history, runLengths } });
    const s = await startedScheduler({ clock, database });
    await clock.advance(20_000);
    built.resolve();
    await s.settle();
    expect([s.scheduler.isLeading(), s.gate]).toEqual([false, ['open']]);
    answer();
    await clock.advance(10_000);
    expect([s.scheduler.isLeading(), s.gate]).toEqual([true, ['open']]);
    expect(s.of(queueSnapshot).length).toBeGreaterThan(0);
  });

  it('two schedulers in one group never both lead', async () => {
    const { first, second, clock } = two();
    await first.start();
    await second.start();
    for (let i = 0; i < 30; i++) {
      await clock.advance(1_000);
      if (i === 10) await first.scheduler.stop();
      expect([first, second].filter(({ scheduler }) => scheduler.isLeading()).length).toBeLessThanOrEqual(1);
    }
    expect(second.scheduler.isLeading()).toBe(true);
  });
});

describe('the queue', () => {
  it('is told of at most once a second, and only when it changed', async () => {
    const s = await startedScheduler();
    await s.clock.advance(1_000);
    const idle = s.of(queueSnapshot).length;
    for (const n of [1, 2, 3]) await s.request(n, { taskType: 'noop' });
    await s.clock.advance(10_000);
    expect(s.of(queueSnapshot)).toHaveLength(idle + 1);
    expect(s.of(queueSnapshot).at(-1)).toMatchObject({
      pool: 'local',
      workers: 0,
      freeSlots: 0,
      lanes: [{ taskType: 'noop', priority: 0, waiting: 3, running: 0, waitingReason: { code: 'no_fitting_worker' } }],
    });
    await s.register({ taskTypes: ['noop'], pool: 'gpu' });
    await s.clock.advance(1_000);
    const ofPool = (pool: string) => s.of(queueSnapshot).filter((snapshot) => snapshot.pool === pool);
    expect(ofPool('local').at(-1)).toMatchObject({ workers: 0, lanes: [] });
    expect(ofPool('gpu').at(-1)).toMatchObject({
      workers: 1,
      freeSlots: 0,
      lanes: [{ waiting: 2, running: 1, waitingReason: { code: 'pool_busy' } }],
    });
    await s.heartbeat({ at: 9_000, leaving: true });
    await s.clock.advance(1_000);
    expect(ofPool('gpu').at(-1)).toMatchObject({ workers: 0, freeSlots: 0, lanes: [] });
  });

  it('is told of again every 15 s while something waits, to those who began to listen since', async () => {
    const s = await startedScheduler();
    await s.request(1, { taskType: 'noop' });
    await s.clock.advance(1_000);
    const told = s.of(queueSnapshot).length;
    await s.clock.advance(46_000);
    expect(s.of(queueSnapshot)).toHaveLength(told + 3);
    expect(s.of(queueSnapshot).at(-1)).toMatchObject({ lanes: [{ waiting: 1 }] });
  });

  it('drops what was never leased within its time to live', async () => {
    const s = await startedScheduler({ settings: { queueTtlMs: 60_000 } });
    await s.request(1, { requestedAt: toIso(s.clock.now()) });
    await s.clock.advance(59_000);
    expect(s.lifecycle(1)).toEqual(['queued']);
    await s.clock.advance(32_000);
    expect(s.lifecycle(1)).toEqual(['queued', 'expired']);
    expect(s.of(taskExpired)[0]).toMatchObject({ gpuMs: 0, provisionalCost: '0', processingMs: 0, attempts: [] });
  });

  it('a head that fits nowhere keeps nobody behind it waiting, however many there are', async () => {
    const s = await startedScheduler({ settings: { window: { initial: 2, factor: 4, max: 64 } } });
    for (let n = 1; n <= 20; n++) await s.request(n, { needs: { gpus: 1, vramMiB: 999_999 } });
    await s.request(21);
    await s.register();
    expect(s.of(taskAssigned).map(({ taskId }) => taskId)).toEqual([idOf(21)]);
  });
});
