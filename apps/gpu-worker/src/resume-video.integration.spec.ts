import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { taskAssigned, type EventData, type attemptReported } from '@millrace/contracts';
import { createFileObjectStore } from '@millrace/adapter-object-store';
import { buildAssignment } from '@millrace/execution/testing';
import type { ObjectStore } from '@millrace/execution/ports';
import { systemClock, systemIds } from '@millrace/kernel';
import { EventStamper, createEventPublisher, decodeEvent } from '@millrace/messaging';
import { newEvent } from '@millrace/messaging/ports';
import { createInMemoryBus, type InMemoryBus } from '@millrace/messaging/testing';
import { STRICT_RULES } from '@millrace/notifications';
import { createHostParts, createObservability } from '@millrace/platform';
import { gpuWorkerSettings } from './gpu-worker.settings.js';
import type { RunningGpuWorker } from './start-gpu-worker.js';

type Report = EventData<typeof attemptReported>;
type Overrides = Partial<EventData<typeof taskAssigned>>;

const LIMIT_MS = 60_000;
const ALONE = '01890a5d-ac96-774b-bcce-b302099a8011';
const BROKEN = '01890a5d-ac96-774b-bcce-b302099a8012';

describe('a real video over interruptions', () => {
  let directory: string;
  let bus: InMemoryBus;
  let objects: ObjectStore;
  let starts = 0;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-resume-'));
    bus = createInMemoryBus({ clock: systemClock, partitions: 1 });
    objects = createFileObjectStore({
      directory: join(directory, 'objects'),
      publicUrl: 'http://127.0.0.1:1',
      signingKey: new Uint8Array(32),
      clock: systemClock,
    });
  });
  // The worker deletes checkpoints beside its stop: a folder may be refilled or emptied under our hands.
  afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));

  const start = async (): Promise<RunningGpuWorker> => {
    // The ONNX runtime takes arrays of the host's own realm only, and jest runs specs in another.
    Object.assign(globalThis, { Float32Array: runInThisContext('Float32Array') as unknown });
    const { startGpuWorker } = await import('./start-gpu-worker.js');
    const observability = createObservability({ service: 'gpu-worker', version: '0.1.0', logLevel: 'silent' });
    starts += 1;
    return startGpuWorker({
      settings: gpuWorkerSettings.parse({
        workerId: `worker-${starts}`,
        workDirectory: join(directory, 'work'),
        spoolDirectory: join(directory, 'spool'),
      }),
      parts: createHostParts(observability, bus),
      objects,
      outbound: STRICT_RULES,
      version: '0.1.0',
    });
  };

  const reports = (taskId: string): readonly Report[] =>
    bus
      .records('attempt.reported')
      .map((record) => decodeEvent(record).data as Report)
      .filter((report) => report.taskId === taskId);

  const assign = async (overrides: Overrides, paced: { stepDelayMs?: number } = {}): Promise<void> => {
    const [registration] = bus.records('worker.registered').slice(-1).map(decodeEvent);
    const { workerId, incarnation } = registration?.data as { workerId: string; incarnation: string };
    const job = { taskType: 'ti2v-5B', input: { prompt: 'a red ball bouncing at night' } };
    const parameters = { seed: 7, steps: 12, durationS: 1, ...paced };
    const stamper = new EventStamper({ clock: systemClock, ids: systemIds });
    const event = newEvent(taskAssigned, buildAssignment({ ...job, parameters, workerId, incarnation, ...overrides }));
    await createEventPublisher({ bus, stamper }).publish([event]);
  };

  /** Resolves with the first report for which the condition holds. */
  const reported = (taskId: string, condition: (report: Report) => boolean): Promise<Report> =>
    new Promise((resolve, reject) => {
      const cancel = systemClock.after(LIMIT_MS, () =>
        reject(new Error(`it was not reported; there is ${JSON.stringify(reports(taskId))}`)),
      );
      const check = (): void => {
        const found = reports(taskId).find(condition);
        if (found === undefined) return;
        cancel();
        resolve(found);
      };
      bus.interceptPublish(() => queueMicrotask(() => queueMicrotask(check)));
      check();
    });

  it(
    'P9, WRK-12: an interrupted and resumed attempt gives the bytes of an uninterrupted one',
    async () => {
      const first = await start();
      await assign({ taskId: ALONE });
      const whole = await reported(ALONE, ({ kind }) => kind === 'succeeded');
      // Slow enough to be stopped on its way; the pace does not change the bytes.
      await assign({ taskId: BROKEN }, { stepDelayMs: 200 });
      await reported(BROKEN, ({ kind, step }) => kind === 'checkpointed' && step > 12);
      await first.stop();
      const handedBack = reports(BROKEN).at(-1);
      expect(handedBack?.kind).toBe('preempted');
      expect(handedBack?.checkpoint?.step).toBe(handedBack?.step);
      const second = await start();
      const { checkpoint: resumeFrom } = handedBack ?? {};
      if (resumeFrom === undefined) throw new Error('a checkpoint was handed back');
      await assign({ taskId: BROKEN, attempt: 2, epoch: 2, resumeFrom });
      const resumed = await reported(BROKEN, ({ kind, epoch }) => kind === 'succeeded' && epoch === 2);
      await second.stop();
      expect(resumed.resumedFromStep).toBe(resumeFrom.step);
      const hashes = (report: Report): unknown =>
        report.artifacts?.map(({ kind, sha256, bytes }) => [kind, sha256, bytes]);
      expect(hashes(resumed)).toEqual(hashes(whole));
      expect(resumed.media).toEqual(whole.media);
    },
    2 * LIMIT_MS,
  );
});
