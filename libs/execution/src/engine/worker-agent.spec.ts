import { describe, expect, it } from '@jest/globals';
import {
  attemptCancelled,
  attemptReported,
  leaseRefused,
  preemptRequested,
  usageRecorded,
  workerHeartbeat,
  workerRegistered,
} from '@millrace/contracts';
import { receivedEvent } from '@millrace/messaging/testing';
import { TASK_ID, buildLease, buildTaskId, createFakeWorker, createRegisteredWorker } from '../testing/index.js';

describe('registration and heartbeats', () => {
  it('registers before the first heartbeat, and says what it can run', async () => {
    const fake = await createRegisteredWorker();
    await fake.clock.advance(0);
    expect(fake.said(workerRegistered)).toMatchObject([{ taskTypes: ['scripted'], slots: 1, engine: 'scripted' }]);
    expect(fake.said(workerHeartbeat)).toHaveLength(1);
  });

  it('heartbeats every 5 s with its own time and the leases it holds', async () => {
    const fake = await createRegisteredWorker({ script: { stepMs: 1_000, steps: 30 } });
    fake.assign();
    await fake.clock.advance(15_000);
    const beats = fake.said(workerHeartbeat);
    expect(beats.map(({ at }) => at)).toEqual([0, 5_000, 10_000, 15_000]);
    expect(beats.at(-1)?.leases).toEqual([{ taskId: TASK_ID, attempt: 1, epoch: 1 }]);
  });

  it('goes on trying to register while the bus is away', async () => {
    const fake = await createFakeWorker();
    fake.bus.interceptPublish(() => {
      throw new Error('away');
    });
    const registered = fake.worker.register();
    await fake.clock.advance(3_000);
    fake.bus.interceptPublish(undefined);
    await fake.clock.advance(6_000);
    await registered;
    expect(fake.said(workerRegistered)).toHaveLength(1);
  });

  it('WRK-02: preloads the models at start, and lives with one that fails', async () => {
    const fake = await createFakeWorker({ preload: true, script: { failedLoads: 1 } });
    expect(fake.engine.loads).toBe(1);
    await fake.worker.register();
    fake.assign();
    await fake.clock.advance(5_000);
    expect(fake.engine.loads).toBe(2);
    expect(fake.reportedKinds().at(-1)).toBe('succeeded');
  });
});

describe('cancel, refusal and lost leases', () => {
  it('a cancelled attempt stops and says so', async () => {
    const fake = await createRegisteredWorker();
    fake.assign();
    await fake.clock.advance(450);
    fake.worker.take([receivedEvent(attemptCancelled, buildLease())]);
    await fake.clock.advance(200);
    expect(fake.said(attemptReported).at(-1)).toMatchObject({
      kind: 'cancelled',
      step: 4,
      gpuMs: 450,
      segmentCount: 1,
    });
  });

  it('a cancel of an attempt that waits for a slot is answered at once', async () => {
    const fake = await createRegisteredWorker();
    fake.assign({ taskId: buildTaskId(1) });
    fake.assign();
    fake.worker.take([receivedEvent(attemptCancelled, buildLease())]);
    await fake.clock.advance(0);
    const reports = fake.said(attemptReported).filter(({ taskId }) => taskId === TASK_ID);
    expect(reports).toMatchObject([{ kind: 'cancelled', number: 1, segmentCount: 0 }]);
  });

  it('a cancel that comes before its assignment wins', async () => {
    const fake = await createRegisteredWorker();
    fake.worker.take([receivedEvent(attemptCancelled, buildLease())]);
    fake.assign();
    await fake.clock.advance(1_000);
    expect(fake.reportedKinds()).toEqual(['cancelled']);
    expect(fake.engine.jobs).toHaveLength(0);
  });

  it('QUE-11: an attempt that is to make room stops at its next step, is stored, and is handed back', async () => {
    const fake = await createRegisteredWorker();
    fake.assign();
    await fake.clock.advance(450);
    const stop = { ...buildLease(), reason: 'higher_class' };
    fake.worker.take([receivedEvent(preemptRequested, { ...stop, epoch: 9 })]);
    await fake.clock.advance(200);
    expect(fake.reportedKinds()).not.toContain('preempted');
    fake.worker.take([receivedEvent(preemptRequested, stop), receivedEvent(preemptRequested, stop)]);
    await fake.clock.advance(200);
    const last = fake.said(attemptReported).at(-1);
    expect(last).toMatchObject({ kind: 'preempted', segmentCount: 1 });
    expect(last?.checkpoint?.step).toBe(last?.step);
    // It goes on working: the next task is taken.
    fake.assign({ taskId: buildTaskId(1) });
    await fake.clock.advance(5_000);
    expect(fake.reportedKinds().at(-1)).toBe('succeeded');
  });

  it('P7: a refused lease stops the attempt, which says nothing more and is no longer renewed', async () => {
    const fake = await createRegisteredWorker();
    fake.assign();
    await fake.clock.advance(450);
    fake.worker.take([receivedEvent(leaseRefused, { ...buildLease(), currentEpoch: 2 })]);
    await fake.clock.advance(10_000);
    expect(fake.reportedKinds()).toEqual(['started']);
    expect(fake.said(workerHeartbeat).at(-1)?.leases).toEqual([]);
    expect(fake.worker.load().attempts).toBe(0);
  });

  it('a refused attempt still accounts for its GPU time', async () => {
    const fake = await createRegisteredWorker();
    fake.assign();
    await fake.clock.advance(450);
    fake.worker.take([receivedEvent(leaseRefused, { ...buildLease(), currentEpoch: 2 })]);
    await fake.clock.advance(100);
    const segments = fake.said(usageRecorded).flatMap(({ segments }) => segments);
    expect(segments.filter(({ taskId }) => taskId === TASK_ID)).toMatchObject([{ kind: 'run', gpuMs: 450 }]);
  });

  it('a worker that can not heartbeat for the whole lease stops its attempts and hands them back', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 100, stepMs: 1_000 } });
    fake.assign({ leaseMs: 30_000 });
    await fake.clock.advance(1_500);
    fake.bus.interceptPublish(() => {
      throw new Error('away');
    });
    await fake.clock.advance(28_000);
    expect(fake.worker.load().attempts).toBe(1);
    await fake.clock.advance(3_000);
    expect(fake.worker.load().attempts).toBe(0);
    fake.bus.interceptPublish(undefined);
    await fake.clock.advance(10_000);
    expect(fake.said(attemptReported).at(-1)).toMatchObject({ kind: 'preempted' });
  });

  it('keeps the lease of an ended attempt until the bus has its last report', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 5 } });
    fake.bus.interceptPublish((records) => {
      if (records.some(({ topic }) => topic === 'attempt.reported')) throw new Error('away');
    });
    fake.assign();
    await fake.clock.advance(5_000);
    expect(fake.worker.load().attempts).toBe(0);
    expect(fake.said(workerHeartbeat).at(-1)?.leases).toHaveLength(1);
    fake.bus.interceptPublish(undefined);
    await fake.clock.advance(10_000);
    expect(fake.said(workerHeartbeat).at(-1)?.leases).toEqual([]);
    expect(fake.reportedKinds()).toEqual(['started', 'succeeded']);
  });
});

describe('leaving', () => {
  it('takes no work any more, and hands back what still comes', async () => {
    const fake = await createRegisteredWorker({ script: { stepMs: 2_000 } });
    fake.assign({ taskId: buildTaskId(1) });
    await fake.clock.advance(100);
    const left = fake.worker.leave('shutdown');
    fake.assign();
    await fake.clock.advance(5_000);
    await left;
    const reports = fake.said(attemptReported).filter(({ taskId }) => taskId === TASK_ID);
    expect(reports).toMatchObject([{ kind: 'preempted', number: 1, segmentCount: 0 }]);
    expect(fake.said(workerHeartbeat).some(({ draining, leaving }) => draining && !leaving)).toBe(true);
  });

  it('P13: the goodbye states a time that no segment exceeds, and all time until then is accounted for', async () => {
    const fake = await createRegisteredWorker({ settings: { slots: 2 } });
    await fake.clock.advance(25_000);
    fake.assign();
    await fake.clock.advance(733);
    const left = fake.worker.leave('shutdown');
    await fake.clock.advance(5_000);
    await left;
    const goodbye = fake.said(workerHeartbeat).at(-1);
    const segments = fake.said(usageRecorded).flatMap(({ segments }) => segments);
    expect(goodbye?.leaving).toBe(true);
    expect(segments.reduce((sum, { gpuMs }) => sum + gpuMs, 0)).toBe(goodbye?.at);
    expect(Math.max(...segments.map(({ endMs }) => endMs))).toBe(goodbye?.at);
  });

  it('ends within 25 s, even when an engine does not stop and the bus is away', async () => {
    const fake = await createRegisteredWorker();
    const stuck = { ...fake.engine, taskTypes: ['scripted'], name: 'stuck', run: () => new Promise<never>(() => {}) };
    const other = await createRegisteredWorker({
      engines: [{ ...stuck, modelHash: () => 'h', totalSteps: () => 1, load: async () => {}, close: async () => {} }],
    });
    other.assign();
    await other.clock.advance(1_000);
    other.bus.interceptPublish(() => {
      throw new Error('away');
    });
    const startedMs = other.clock.monotonicMs();
    let endedMs: number | undefined;
    void other.worker.leave('shutdown').then(() => (endedMs = other.clock.monotonicMs()));
    await other.clock.advance(60_000);
    expect((endedMs ?? Infinity) - startedMs).toBeLessThanOrEqual(25_000);
  });
});
