import {
  attemptClosed,
  capacityChanged,
  drainRequested,
  leaseRefused,
  taskAssigned,
  taskFailed,
} from '@millrace/contracts';
import { describe, expect, it } from '@jest/globals';
import { idOf } from '../testing/builders.js';
import { startedScheduler, type SchedulerFixture } from '../testing/scheduler-fixture.js';

const A = idOf(0xa1);
const B = idOf(0xa2);

/** A heartbeat that lists the lease of the last assignment. */
function beat(s: SchedulerFixture, at = Math.round(s.clock.monotonicMs())): Promise<void> {
  const { workerId, incarnation, taskId, attempt, epoch } = s.assigned();
  return s.heartbeat({ workerId, incarnation, at, leases: [{ taskId, attempt, epoch }] });
}

async function running(): Promise<SchedulerFixture> {
  const s = await startedScheduler();
  await s.register({ incarnation: A });
  await s.request(1);
  return s;
}

describe('leases', () => {
  it('QUE-06: live as long as heartbeats list them', async () => {
    const s = await running();
    for (let i = 0; i < 60; i++) {
      await s.clock.advance(5_000);
      await beat(s);
    }
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled']);
  });

  it('P8: a silent worker loses its task after 30 s, closed where it was last heard of', async () => {
    const s = await running();
    await s.clock.advance(10_000);
    await beat(s);
    await s.clock.advance(29_000);
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled']);
    await s.clock.advance(2_000);
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled', 'requeued']);
    expect(s.of(attemptClosed)[0]).toMatchObject({ outcome: 'lost', closedAt: 10_000, final: false });
    expect(s.of(attemptClosed)[0]).not.toHaveProperty('segmentCount');
    expect(s.of(capacityChanged).map(({ change, at }) => [change, at])).toEqual([
      ['opened', 0],
      ['closed', 10_000],
    ]);
  });

  it('P8: another worker has the task within 35 s of the last sign of life', async () => {
    const s = await running();
    const other = { workerId: 'worker-2', incarnation: B, instanceId: 'instance-2' };
    await s.register(other);
    for (let i = 0; i < 7; i++) {
      await s.clock.advance(5_000);
      await s.heartbeat({ workerId: 'worker-2', incarnation: B });
    }
    expect(s.assigned()).toMatchObject({ workerId: 'worker-2', epoch: 2, attempt: 2 });
    expect(s.clock.monotonicMs()).toBeLessThanOrEqual(35_000);
  });

  it('VEC-28: after the third expiry the task is dead-lettered, and there is no fourth delivery', async () => {
    const s = await startedScheduler({ settings: { leaseMs: 300_000, suspectMs: 300_000 } });
    await s.request(1);
    for (const n of [1, 2, 3]) {
      await s.register({ workerId: `worker-${n}`, incarnation: idOf(0xa0 + n), instanceId: `i-${n}` });
      await s.clock.advance(299_000);
      expect(s.of(taskAssigned)).toHaveLength(n);
      await s.clock.advance(3_000);
    }
    expect(s.of(taskFailed)[0]).toMatchObject({ reason: 'dead_lettered', error: { code: 'dead_lettered' } });
    await s.register({ workerId: 'worker-4', incarnation: idOf(0xa4), instanceId: 'i-4' });
    expect(s.of(taskAssigned)).toHaveLength(3);
    expect(s.sequences(1)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('a new incarnation ends the earlier one at once, and that counts', async () => {
    const s = await running();
    for (const n of [2, 3]) await s.register({ incarnation: idOf(0xa0 + n), instanceId: `i-${n}` });
    expect(s.of(taskAssigned).map(({ epoch, incarnation }) => [epoch, incarnation])).toEqual([
      [1, A],
      [2, B],
      [3, idOf(0xa3)],
    ]);
    await s.register({ incarnation: idOf(0xa4), instanceId: 'i-4' });
    expect(s.of(taskFailed)[0]?.reason).toBe('dead_lettered');
  });

  it('what two heartbeats in a row lack is sent again with the same epoch', async () => {
    const s = await running();
    const bare = { incarnation: A };
    await s.heartbeat({ ...bare, at: 5_000 });
    expect(s.of(taskAssigned)).toHaveLength(1);
    await s.heartbeat({ ...bare, at: 10_000 });
    expect(s.of(taskAssigned)).toHaveLength(2);
    expect(s.of(taskAssigned)[1]).toEqual(s.of(taskAssigned)[0]);
    await beat(s, 15_000);
    await s.heartbeat({ ...bare, at: 20_000 });
    expect(s.of(taskAssigned)).toHaveLength(2);
  });

  it('a lease that heartbeats never list expires though its worker lives', async () => {
    const s = await running();
    for (let i = 0; i < 7; i++) {
      await s.clock.advance(5_000);
      await s.heartbeat({ incarnation: A });
    }
    expect(s.lifecycle(1).slice(0, 3)).toEqual(['queued', 'scheduled', 'requeued']);
    expect(s.of(capacityChanged).map(({ change }) => change)).toEqual(['opened']);
  });

  it("a heartbeat that lists what is not its sender's is refused", async () => {
    const s = await running();
    await s.heartbeat({ workerId: 'stranger', incarnation: B, leases: [{ taskId: idOf(1), attempt: 1, epoch: 1 }] });
    await s.heartbeat({ incarnation: A, leases: [{ taskId: idOf(1), attempt: 1, epoch: 9 }] });
    expect(
      s.of(leaseRefused).map(({ incarnation, epoch, currentEpoch }) => [incarnation, epoch, currentEpoch]),
    ).toEqual([
      [B, 1, 1],
      [A, 9, 1],
    ]);
    expect(s.of(drainRequested)).toEqual([]);
  });

  it('P7: a worker that wakes after it was declared lost is refused, and asked to come back anew', async () => {
    const s = await running();
    const zombie = s.assigned();
    await s.clock.advance(40_000);
    await s.heartbeat({ incarnation: A, leases: [{ taskId: zombie.taskId, attempt: 1, epoch: 1 }] });
    expect(s.of(leaseRefused)).toHaveLength(1);
    expect(s.of(drainRequested)).toEqual([
      { workerId: 'worker-1', incarnation: A, graceMs: 0, reason: 'incarnation_ended' },
    ]);
    expect(s.of(capacityChanged).filter(({ change }) => change === 'closed')).toHaveLength(1);
  });

  it('WRK-14: a draining worker gets nothing new', async () => {
    const s = await startedScheduler();
    await s.register({ incarnation: A });
    await s.heartbeat({ incarnation: A, draining: true });
    await s.request(1);
    expect(s.of(taskAssigned)).toEqual([]);
  });

  it('a worker that leaves closes its instance at once; its last report may still come, then its leases end uncounted', async () => {
    const s = await running();
    await s.request(2);
    const held = s.assigned();
    await s.heartbeat({ incarnation: A, at: 7_000, leaving: true, draining: true, leases: [] });
    expect(s.of(capacityChanged).at(-1)).toMatchObject({ change: 'closed', at: 7_000 });
    await s.report(held, 'preempted', { number: 1, at: 6_900, segmentCount: 1 });
    expect(s.of(attemptClosed)[0]).toMatchObject({ outcome: 'preempted', segmentCount: 1 });
    await s.clock.advance(5_000);
    expect(s.of(attemptClosed)).toHaveLength(1);
  });

  it('leases of a worker that left without a word of them end after the grace, and no delivery is used up', async () => {
    const s = await startedScheduler();
    await s.request(1);
    for (const n of [1, 2, 3, 4]) {
      const incarnation = idOf(0xa0 + n);
      await s.register({ incarnation, instanceId: `i-${n}` });
      await s.heartbeat({ incarnation, at: 1_000, leaving: true });
      await s.clock.advance(4_000);
    }
    expect(s.of(attemptClosed).map(({ outcome, closedAt }) => [outcome, closedAt])).toEqual(
      [1, 2, 3, 4].map(() => ['lost', 1_000]),
    );
    expect(s.lifecycle(1).at(-1)).toBe('requeued');
  });

  it('nobody expires while heartbeats lie unread or the bus is away, and what expires after that gap is not counted', async () => {
    const s = await running();
    s.workerLagMs = 40_000;
    await s.clock.advance(45_000);
    s.workerLagMs = new Error('the bus is away');
    await s.clock.advance(45_000);
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled']);
    s.workerLagMs = 0;
    await s.clock.advance(32_000);
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled', 'requeued']);
    expect([...s.database.tables.tasks.values()][0]?.lostDeliveries).toBe(0);
  });

  it('heartbeats that are older than the last change nothing', async () => {
    const s = await running();
    await beat(s, 9_000);
    await s.heartbeat({ incarnation: A, at: 4_000, leaving: true });
    expect(s.of(capacityChanged).map(({ change }) => change)).toEqual(['opened']);
  });

  it('a lease whose commit was never answered is watched from the next heartbeat on', async () => {
    const s = await startedScheduler();
    await s.register({ incarnation: A });
    s.loseAnswerOf(taskAssigned);
    await s.request(1);
    expect(s.of(taskAssigned)).toHaveLength(1);
    for (let i = 0; i < 8; i++) {
      await s.clock.advance(5_000);
      await s.heartbeat({ incarnation: A });
    }
    expect(s.of(attemptClosed)).toMatchObject([{ outcome: 'lost', epoch: 1 }]);
  });
});
