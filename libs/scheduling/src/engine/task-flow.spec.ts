import {
  attemptCancelled,
  attemptClosed,
  leaseRefused,
  taskAssigned,
  taskCancelled,
  taskCompleted,
  taskFailed,
  taskQueued,
  taskRequested,
  taskScheduled,
} from '@millrace/contracts';
import { describe, expect, it } from '@jest/globals';
import { receivedEvent } from '@millrace/messaging/testing';
import { idOf } from '../testing/builders.js';
import { startedScheduler, type SchedulerFixture } from '../testing/scheduler-fixture.js';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const crash = { code: 'engine_crashed', message: 'The engine stopped.', retryable: true };

/** Lets time pass while the worker goes on saying that it lives. */
async function passTime(s: SchedulerFixture, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5_000) {
    await s.heartbeat();
    await s.clock.advance(Math.min(left, 5_000));
  }
}

describe('one task, all the way', () => {
  it('is queued, leased to a worker at its price, started, and completed with what a client needs', async () => {
    const s = await startedScheduler();
    await s.register({ pool: 'local', incarnation: idOf(0xa1) });
    await s.request(1, { callbackUrl: 'https://example.com/hook', metadata: { customer: 'acme' } });
    const assigned = s.assigned();
    expect(assigned).toMatchObject({ attempt: 1, epoch: 1, leaseMs: 30_000, pricePerGpuHour: '900000000' });
    await s.report(assigned, 'started', { number: 1, at: 100 });
    await s.clock.advance(4_000);
    const artifact = { id: 'v', kind: 'video' as const, key: 'k', mediaType: 'video/mp4', bytes: 1, sha256: 'x' };
    await s.report(assigned, 'succeeded', {
      number: 2,
      at: 4_100,
      gpuMs: 4_000,
      segmentCount: 1,
      artifacts: [artifact],
      engine: 'noop',
    });

    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled', 'started', 'completed']);
    expect(s.sequences(1)).toEqual([1, 2, 3, 4]);
    expect(s.of(taskScheduled)[0]?.reason).toBe('first_fitting_worker');
    expect(s.of(taskCompleted)[0]).toMatchObject({
      status: 'completed',
      callbackUrl: 'https://example.com/hook',
      metadata: { customer: 'acme' },
      gpuMs: 4_000,
      provisionalCost: '1000000',
      processingMs: 4_000,
      artifacts: [artifact],
      engine: 'noop',
      attempts: [{ number: 1, outcome: 'succeeded', gpuMs: 4_000, billable: true }],
    });
    expect(s.of(attemptClosed)[0]).toMatchObject({
      outcome: 'succeeded',
      closedAt: 4_100,
      segmentCount: 1,
      final: true,
      sequence: 4,
    });
  });

  it('P19: every event of the task carries the trace of its request', async () => {
    const s = await startedScheduler();
    await s.register();
    await s.request(1, {}, TRACE);
    await s.report(s.assigned(), 'succeeded', { number: 1 });
    const own = s.events.filter(({ data }) => (data as { taskId?: string }).taskId === idOf(1));
    expect(own.length).toBeGreaterThan(4);
    expect(own.map(({ traceparent }) => traceparent)).toEqual(own.map(() => TRACE));
  });

  it('waits for a worker that fits, and goes to it as soon as it is there', async () => {
    const s = await startedScheduler();
    await s.request(1);
    expect(s.lifecycle(1)).toEqual(['queued']);
    await s.register();
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled']);
  });

  it('QUE-02: the next free slot goes to the higher priority', async () => {
    const s = await startedScheduler();
    await s.register();
    await s.request(1);
    await s.request(2, { priority: 0 });
    await s.request(3, { priority: 1 });
    await s.report(s.assigned(), 'succeeded', { number: 1 });
    expect(s.assigned().taskId).toBe(idOf(3));
  });

  it('P3: a redelivered request, and one with another event id, make one task', async () => {
    const s = await startedScheduler();
    const event = await s.request(1);
    await s.scheduler.acceptTasks([event]);
    await s.request(1);
    expect(s.of(taskQueued)).toHaveLength(1);
  });

  it('a batch of 500 requests is one transaction: all of it fails, or none', async () => {
    const s = await startedScheduler();
    const batch = Array.from({ length: 500 }, (_, n) => receivedEvent(taskRequested, { taskId: idOf(n + 1) }));
    s.failNextCommit(new Error('planned'));
    await expect(s.scheduler.acceptTasks(batch)).rejects.toThrow('planned');
    expect(s.of(taskQueued)).toHaveLength(0);
    await s.scheduler.acceptTasks(batch);
    expect(s.of(taskQueued)).toHaveLength(500);
  });

  it('P1: a commit that fails changes nothing; the retry is the first time', async () => {
    const s = await startedScheduler();
    await s.register();
    s.failNextCommit(new Error('connection lost'));
    await expect(s.request(1)).rejects.toThrow('connection lost');
    expect(s.lifecycle(1)).toEqual([]);
    await s.request(1);
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled']);
  });
});

describe('reports', () => {
  it('P7: of a stale epoch are refused, and nothing of them counts', async () => {
    const s = await startedScheduler();
    await s.register({ incarnation: idOf(0xa1) });
    await s.request(1);
    const zombie = s.assigned();
    await s.register({ incarnation: idOf(0xa2), instanceId: 'instance-2' });
    expect(s.assigned()).toMatchObject({ epoch: 2, incarnation: idOf(0xa2) });
    await s.report(zombie, 'succeeded', { number: 2 });
    expect(s.of(leaseRefused)).toEqual([
      {
        workerId: 'worker-1',
        incarnation: idOf(0xa1),
        taskId: idOf(1),
        tenantId: 'acme',
        attempt: 1,
        epoch: 1,
        currentEpoch: 2,
      },
    ]);
    expect(s.lifecycle(1)).not.toContain('completed');
  });

  it('P3: twice delivered, or sent again with the same number, apply once', async () => {
    const s = await startedScheduler();
    await s.register();
    await s.request(1);
    const assigned = s.assigned();
    const event = await s.report(assigned, 'started', { number: 1 });
    await s.scheduler.applyReports([event]);
    await s.report(assigned, 'started', { number: 1 });
    await s.report(assigned, 'succeeded', { number: 2 });
    await s.report(assigned, 'succeeded', { number: 2 });
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled', 'started', 'completed']);
    expect(s.of(attemptClosed)).toHaveLength(1);
    expect(s.of(leaseRefused)).toEqual([]);
  });

  it('VEC-29: a task that fails every time runs four times and fails with its error', async () => {
    const s = await startedScheduler();
    await s.register();
    await s.request(1, { maxRetries: 3 });
    for (const [want, pauseMs] of [1_000, 5_000, 30_000, 0].entries()) {
      expect(s.assigned().attempt).toBe(want + 1);
      await s.report(s.assigned(), 'failed', { number: 1, error: crash, gpuMs: 10 });
      await passTime(s, pauseMs - 1_000);
      expect(s.of(taskAssigned)).toHaveLength(want + 1);
      await passTime(s, 2_000);
    }
    expect(s.of(taskAssigned)).toHaveLength(4);
    expect(s.of(taskFailed)[0]).toMatchObject({ reason: 'crash', error: crash, gpuMs: 40, provisionalCost: '0' });
    expect(s.of(attemptClosed).map(({ outcome, fault, final }) => [outcome, fault, final])).toEqual([
      ['failed', 'platform', false],
      ['failed', 'platform', false],
      ['failed', 'platform', false],
      ['failed', 'platform', true],
    ]);
  });

  it("an input that no retry mends fails at once, and is the tenant's", async () => {
    const s = await startedScheduler();
    await s.register();
    await s.request(1);
    await s.report(s.assigned(), 'failed', {
      number: 1,
      error: { ...crash, code: 'engine_input_invalid', retryable: false },
    });
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled', 'failed']);
    expect(s.of(attemptClosed)[0]?.fault).toBe('user');
  });

  it('WRK-15, P9: a preempted task goes on from its checkpoint, and no retry is used up', async () => {
    const s = await startedScheduler();
    await s.register();
    await s.request(1, { maxRetries: 0 });
    const checkpoint = { key: 't/acme/x/manifest.json', step: 12, modelHash: 'h' };
    await s.report(s.assigned(), 'preempted', { number: 1, checkpoint });
    expect(s.assigned()).toMatchObject({ attempt: 2, epoch: 2, resumeFrom: checkpoint });
  });
});

describe('cancelling', () => {
  it('what waits is cancelled at once', async () => {
    const s = await startedScheduler();
    await s.request(1);
    await s.cancel(1);
    expect(s.lifecycle(1)).toEqual(['queued', 'cancelled']);
    await s.register();
    expect(s.of(taskAssigned)).toEqual([]);
  });

  it('what runs is ordered to stop, and cancelled when its worker says so', async () => {
    const s = await startedScheduler();
    await s.register();
    await s.request(1);
    await s.report(s.assigned(), 'started', { number: 1 });
    await s.cancel(1);
    await s.cancel(1);
    expect(s.of(attemptCancelled)).toHaveLength(1);
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled', 'started']);
    await s.report(s.assigned(), 'cancelled', { number: 2, gpuMs: 2_000 });
    expect(s.of(taskCancelled)[0]).toMatchObject({ gpuMs: 2_000, provisionalCost: '500000' });
  });

  it('a success that comes first completes it; nothing requeues it', async () => {
    const s = await startedScheduler();
    await s.register();
    await s.request(1);
    await s.request(2);
    const first = s.assigned();
    await s.cancel(1);
    await s.report(first, 'succeeded', { number: 1 });
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled', 'completed']);
    const second = s.assigned();
    await s.cancel(2);
    await s.report(second, 'preempted', { number: 1 });
    expect(s.lifecycle(2)).toEqual(['queued', 'scheduled', 'cancelled']);
  });

  it('a report after the end is refused', async () => {
    const s = await startedScheduler();
    await s.register();
    await s.request(1);
    const assigned = s.assigned();
    await s.cancel(1);
    await s.report(assigned, 'cancelled', { number: 1 });
    await s.report(assigned, 'succeeded', { number: 2 });
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled', 'cancelled']);
    expect(s.of(leaseRefused)).toHaveLength(1);
  });

  it('a cancellation that comes before its request meets it', async () => {
    const s = await startedScheduler();
    await s.register();
    await s.cancel(1);
    await s.request(1);
    expect(s.lifecycle(1)).toEqual(['queued', 'cancelled']);
    expect(s.of(taskAssigned)).toEqual([]);
  });

  it('P18: another tenant cancels neither the task nor its request', async () => {
    const s = await startedScheduler();
    await s.cancel(2, 'mallory');
    await s.request(1);
    await s.request(2);
    await s.cancel(1, 'mallory');
    expect([s.lifecycle(1), s.lifecycle(2)]).toEqual([['queued'], ['queued']]);
  });
});
