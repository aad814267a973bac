import { describe, expect, it } from '@jest/globals';
import {
  attemptClosed,
  capacityChanged,
  leaseRefused,
  queueSnapshot,
  taskAssigned,
  taskFailed,
  taskRequeued,
  type EventData,
  type workerHeartbeat,
} from '@millrace/contracts';
import { idOf } from '../testing/builders.js';
import { startedScheduler, type SchedulerFixture } from '../testing/scheduler-fixture.js';

const A = idOf(0xa1);
const TWO_GPUS = {
  incarnation: A,
  gpus: 2,
  slots: 2,
  devices: [{ mode: 'whole' as const }, { mode: 'whole' as const }],
};
const FINE = { lost: false, eccCorrected: 0, eccUncorrected: 0, kernelLog: [] };
const XID = '[ 10.0] NVRM: Xid (PCI:0000:07:00): 94, Contained: SM';
const PAGE_FAULT = '[ 10.0] NVRM: Xid (PCI:0000:07:00): 31, MMU Fault';

type Fact = NonNullable<EventData<typeof workerHeartbeat>['gpuHealth']>[number];

/** A heartbeat of worker A that lists all it was given, with what it reads of its GPUs. */
async function beat(
  s: SchedulerFixture,
  gpuHealth: readonly Fact[],
  more: Partial<EventData<typeof workerHeartbeat>> = {},
) {
  await s.clock.advance(1_000);
  const leases = s.of(taskAssigned).map(({ taskId, attempt, epoch }) => ({ taskId, attempt, epoch }));
  await s.heartbeat({ incarnation: A, leases, gpuHealth: [...gpuHealth], ...more });
}

/** Tasks 1 and 2 run on GPUs 0 and 1 of one worker. */
async function runningOnTwo(): Promise<SchedulerFixture> {
  const s = await startedScheduler();
  await s.register(TWO_GPUS);
  for (const n of [1, 2]) {
    await s.request(n);
    await s.report(s.assigned(), 'started', { number: 1 });
  }
  expect(s.of(taskAssigned).map(({ devices }) => devices)).toEqual([[0], [1]]);
  return s;
}

describe('a GPU that is not fit for work', () => {
  it.each<[string, Partial<Fact>, string]>([
    ['has fallen off the bus', { lost: true }, 'bus_loss'],
    ['says so in the kernel log', { kernelLog: ['NVRM: Xid (PCI:0000:07:00): 79, fallen off the bus'] }, 'bus_loss'],
    ['has an uncorrected error', { eccUncorrected: 1 }, 'ecc_uncorrectable'],
    ['has too many corrected ones', { eccCorrected: 1_001 }, 'ecc_count'],
    ['has an Xid', { kernelLog: [XID] }, 'xid'],
  ])('SCH-50: loses what runs on it when it %s; the other GPU keeps on', async (_, fact, code) => {
    const s = await runningOnTwo();
    await beat(s, [{ ...FINE, ...fact, gpu: 1 }]);
    expect(s.lifecycle(2).at(-1)).toBe('requeued');
    expect(s.lifecycle(1)).toEqual(['queued', 'scheduled', 'started']);
    expect(s.of(leaseRefused).map(({ taskId, epoch }) => [taskId, epoch])).toEqual([[idOf(2), 1]]);
    expect(s.gpuChanges).toMatchObject([
      { outages: [{ workerId: 'worker-1', gpu: 1, code, change: 'out' }], evicted: 1 },
    ]);
  });

  it('SCH-50: is not told of as free', async () => {
    const s = await startedScheduler();
    await s.register(TWO_GPUS);
    await s.clock.advance(1_000);
    expect(s.of(queueSnapshot).at(-1)).toMatchObject({ workers: 1, freeSlots: 2 });
    await beat(s, [{ ...FINE, lost: true, gpu: 1 }]);
    await s.clock.advance(1_000);
    expect(s.of(queueSnapshot).at(-1)).toMatchObject({ workers: 1, freeSlots: 1 });
  });

  it('SCH-50: few corrected errors are no fault', async () => {
    const s = await runningOnTwo();
    await beat(s, [{ ...FINE, gpu: 0, eccCorrected: 1_000 }]);
    expect([s.gpuChanges, s.of(leaseRefused)]).toEqual([[], []]);
  });

  it('SCH-50: an Xid that a program made takes no GPU out and ends nobody: its failure counts as any other', async () => {
    const s = await runningOnTwo();
    await beat(s, [{ ...FINE, gpu: 1, kernelLog: [PAGE_FAULT] }]);
    expect([s.gpuChanges, s.of(leaseRefused), s.lifecycle(2).at(-1)]).toEqual([[], [], 'started']);
    const error = { code: 'engine_failed', message: 'out of memory', retryable: true };
    await s.report(s.assigned(), 'failed', { number: 2, error });
    expect(s.of(taskRequeued)).toMatchObject([{ taskId: idOf(2), reason: 'failed' }]);
  });

  it('SCH-50: a passing fault that turns out to be a lasting one stays out', async () => {
    const s = await runningOnTwo();
    await beat(s, [{ ...FINE, gpu: 1, kernelLog: [XID] }]);
    const reset = XID.replace('94', '119');
    await beat(s, [{ ...FINE, gpu: 1, kernelLog: [XID, reset] }]);
    await beat(s, []);
    const faults = s.database.tables.workers.get(A)?.traits.faults;
    expect(faults).toMatchObject([{ gpu: 1, code: 'xid', permanent: true, detail: reset }]);
  });

  /** Whatever runs on GPU 1 is lost, `times` times; task 1 keeps GPU 0. */
  async function losingTimes(times: number): Promise<SchedulerFixture> {
    const s = await runningOnTwo();
    for (let n = 1; n <= times; n++) {
      await beat(s, [{ ...FINE, gpu: 1, kernelLog: [XID] }]);
      await beat(s, []);
    }
    return s;
  }

  it('SCH-50: its attempt is closed at the heartbeat, and the first three losses count against nothing', async () => {
    const s = await losingTimes(5);
    const closed = s.of(attemptClosed).filter(({ taskId }) => taskId === idOf(2));
    expect(closed).toHaveLength(5);
    expect(closed[0]).toMatchObject({ outcome: 'lost', closedAt: 1_000, final: false });
    expect(s.of(taskFailed)).toEqual([]);
    expect(s.of(taskRequeued).map(({ taskId }) => taskId)).toEqual(Array.from({ length: 5 }, () => idOf(2)));
    expect(s.of(capacityChanged).map(({ change }) => change)).toEqual(['opened']);
  });

  it('SCH-50, QUE-07: a task that costs one GPU after another is dead-lettered', async () => {
    const s = await losingTimes(7);
    expect(s.of(taskFailed)).toMatchObject([{ taskId: idOf(2), error: { code: 'dead_lettered' } }]);
    expect(s.of(attemptClosed).filter(({ taskId }) => taskId === idOf(2))).toHaveLength(6);
  });

  it('SCH-50: gets no work; its task goes to a GPU that is sound, on another worker too', async () => {
    const s = await runningOnTwo();
    await beat(s, [{ ...FINE, gpu: 1, lost: true }]);
    expect(s.of(taskAssigned)).toHaveLength(2);
    await s.register({
      workerId: 'worker-2',
      incarnation: idOf(0xa2),
      instanceId: 'i-2',
      devices: [{ mode: 'whole' }],
    });
    expect(s.assigned()).toMatchObject({ taskId: idOf(2), workerId: 'worker-2', devices: [0], attempt: 2 });
  });

  it('SCH-50: comes back after a clean reading when the fault was a passing one', async () => {
    const s = await runningOnTwo();
    await beat(s, [{ ...FINE, gpu: 1, kernelLog: [XID] }]);
    expect(s.of(taskAssigned)).toHaveLength(2);
    await beat(s, [], { leases: [] });
    expect(s.assigned()).toMatchObject({ taskId: idOf(2), devices: [1], epoch: 2 });
    expect(s.gpuChanges.at(-1)?.outages).toMatchObject([{ gpu: 1, code: 'xid', change: 'back' }]);
  });

  it('SCH-50: stays out for the incarnation when it was a lasting one; a new incarnation starts afresh', async () => {
    const s = await runningOnTwo();
    await beat(s, [{ ...FINE, gpu: 1, eccUncorrected: 1 }]);
    await beat(s, []);
    await beat(s, []);
    expect(s.of(taskAssigned)).toHaveLength(2);
    expect(s.gpuChanges).toHaveLength(1);
    await s.register({ ...TWO_GPUS, incarnation: idOf(0xa9), instanceId: 'i-9', gpuHealth: [] });
    expect(
      s
        .of(taskAssigned)
        .slice(2)
        .map(({ devices }) => devices),
    ).toEqual([[0], [1]]);
  });

  it('SCH-50: a driver that answers nothing gets no new work; what runs there goes on', async () => {
    const s = await runningOnTwo();
    const unanswered = 'Failed to initialize NVML: Driver/library version mismatch';
    await beat(
      s,
      [0, 1].map((gpu) => ({ ...FINE, gpu, unanswered })),
    );
    await s.report(s.assigned(), 'succeeded', { number: 2, engine: 'e' });
    await s.request(3);
    expect([s.of(leaseRefused), s.of(taskAssigned).length]).toEqual([[], 2]);
    expect(s.gpuChanges).toMatchObject([
      { evicted: 0, outages: [{ code: 'driver_unanswered' }, { detail: unanswered }] },
    ]);
    await beat(s, [], { leases: [] });
    expect(s.assigned()).toMatchObject({ taskId: idOf(3), devices: [1] });
  });

  it('a heartbeat that says nothing of health changes nothing: its release is older, or it has not looked', async () => {
    const s = await runningOnTwo();
    await beat(s, [{ ...FINE, gpu: 1, kernelLog: [XID] }]);
    await s.heartbeat({ incarnation: A, leases: [] });
    expect(s.of(taskAssigned)).toHaveLength(2);
  });

  it('SCH-50: out from the registration, where the worker tells it there', async () => {
    const s = await startedScheduler();
    await s.register({ ...TWO_GPUS, gpuHealth: [{ ...FINE, gpu: 0, lost: true }] });
    await s.request(1);
    expect(s.assigned().devices).toEqual([1]);
    expect(s.gpuChanges).toMatchObject([{ outages: [{ gpu: 0, code: 'bus_loss' }], evicted: 0 }]);
  });

  it('where slots alone bound a worker, nobody knows what runs on it: the whole worker is out', async () => {
    const s = await startedScheduler();
    await s.register({ incarnation: A, gpus: 2, slots: 2 });
    for (const n of [1, 2]) await s.request(n);
    await beat(s, [{ ...FINE, gpu: 1, lost: true }]);
    expect(s.of(leaseRefused).map(({ taskId }) => taskId)).toEqual([1, 2].map(idOf));
    expect(s.of(taskAssigned)).toHaveLength(2);
  });

  it('the next leader knows which GPUs are out', async () => {
    const s = await runningOnTwo();
    await beat(s, [{ ...FINE, gpu: 1, lost: true }]);
    await s.scheduler.stop();
    const next = await startedScheduler({ database: s.database, clock: s.clock, holder: 'scheduler-2' });
    await next.heartbeat({ incarnation: A, leases: [{ taskId: idOf(1), attempt: 1, epoch: 1 }], gpuHealth: [] });
    await next.request(3);
    expect(next.of(taskAssigned)).toEqual([]);
  });

  it('nothing is written of the machine while nothing is new', async () => {
    const s = await runningOnTwo();
    const news = { loadedModels: ['b@1', 'a@1'], measuredIdlePercent: 40 };
    await beat(s, [{ ...FINE, gpu: 1, eccCorrected: 5 }], news);
    const before = s.database.tables.workers.get(A)?.traits;
    expect(before).toMatchObject({ loadedModels: ['a@1', 'b@1'], measuredIdlePercent: 40 });
    await beat(s, [{ ...FINE, gpu: 1, eccCorrected: 9 }], { ...news, loadedModels: ['a@1', 'b@1'] });
    expect(s.database.tables.workers.get(A)?.traits).toBe(before);
    await beat(s, [], { loadedModels: [] });
    expect(s.database.tables.workers.get(A)?.traits).toMatchObject({ loadedModels: [], measuredIdlePercent: 40 });
  });
});
