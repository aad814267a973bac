import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  attemptReported,
  drainRequested,
  taskAssigned,
  usageRecorded,
  workerHeartbeat,
  workerRegistered,
  type EventData,
  type EventDefinition,
} from '@millrace/contracts';
import { buildAssignment, createInMemoryObjectStore } from '@millrace/execution/testing';
import { createNvidiaProbe } from '@millrace/adapter-machine';
import type { MachineProbe } from '@millrace/execution/ports';
import { silentLogger, systemClock, systemIds } from '@millrace/kernel';
import { EventStamper, createEventPublisher, decodeEvent } from '@millrace/messaging';
import { newEvent } from '@millrace/messaging/ports';
import { createInMemoryBus, type InMemoryBus } from '@millrace/messaging/testing';
import { STRICT_RULES } from '@millrace/notifications';
import { createHostParts, createObservability, type HostParts } from '@millrace/platform';
import { gpuWorkerSettings } from './gpu-worker.settings.js';
import { startGpuWorker, type RunningGpuWorker } from './start-gpu-worker.js';

const LIMIT_MS = 10_000;

describe('the gpu-worker app', () => {
  let directory: string;
  let bus: InMemoryBus;
  let parts: HostParts;
  let worker: RunningGpuWorker;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-worker-'));
    bus = createInMemoryBus({ clock: systemClock, partitions: 1 });
    parts = createHostParts(createObservability({ service: 'gpu-worker', version: '0.1.0', logLevel: 'silent' }), bus);
    worker = await startGpuWorker({
      settings: gpuWorkerSettings.parse({
        engines: 'noop',
        workDirectory: join(directory, 'work'),
        spoolDirectory: join(directory, 'spool'),
      }),
      parts,
      objects: createInMemoryObjectStore(systemClock),
      outbound: STRICT_RULES,
      version: '0.1.0',
    });
  });
  afterEach(async () => {
    await worker.stop();
    await rm(directory, { recursive: true });
  });

  const said = <Definition extends EventDefinition>(definition: Definition): readonly EventData<Definition>[] =>
    bus
      .records(definition.topic)
      .map(decodeEvent)
      .filter(({ type }) => type === definition.type)
      .map(({ data }) => data as EventData<Definition>);

  const command = async <Definition extends EventDefinition>(
    definition: Definition,
    data: EventData<Definition>,
  ): Promise<void> => {
    const stamper = new EventStamper({ clock: systemClock, ids: systemIds });
    await createEventPublisher({ bus, stamper }).publish([newEvent(definition, data)]);
  };

  /** Resolves when a publish makes the condition true. */
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const cancel = systemClock.after(LIMIT_MS, () => reject(new Error('it did not happen')));
      const check = (): void => {
        if (!condition()) return;
        cancel();
        bus.interceptPublish(undefined);
        resolve();
      };
      bus.interceptPublish(() => queueMicrotask(() => queueMicrotask(check)));
      check();
    });

  const mine = (): { workerId: string; incarnation: string } => {
    const [{ workerId, incarnation } = { workerId: '', incarnation: '' }] = said(workerRegistered);
    return { workerId, incarnation };
  };

  it('WRK-01: registers, runs what it is assigned over the bus, and reports it', async () => {
    expect(said(workerRegistered)).toMatchObject([{ engine: 'noop', taskTypes: ['noop'], pool: 'local' }]);
    await command(taskAssigned, buildAssignment({ ...mine(), taskType: 'noop' }));
    await until(() => said(attemptReported).length === 2);
    expect(said(attemptReported).map(({ kind }) => kind)).toEqual(['started', 'succeeded']);
    expect(await parts.metrics.metrics()).toContain('millrace_attempt_duration_seconds_count{outcome="succeeded"');
    expect((await parts.health.report()).ready).toBe(true);
  });

  it('TYP-23: tells the CPU and memory of its machine, its one virtual GPU, its models and that its GPU is well', () => {
    const [registered] = said(workerRegistered);
    expect(registered).toMatchObject({
      ...{ gpuType: 'virtual', gpus: 1, vramMiB: 81_920, slots: 1, devices: [{ mode: 'whole' }] },
      ...{ cpuMilli: expect.any(Number), ramMiB: expect.any(Number), loadedModels: ['noop@1'], gpuHealth: [] },
    });
    for (const field of ['driver', 'cuda', 'labels', 'taints', 'zone', 'rack', 'purpose']) {
      expect(registered).not.toHaveProperty(field);
    }
    expect(said(workerHeartbeat)[0]).toMatchObject({ loadedModels: ['noop@1'], gpuHealth: [] });
  });

  it('says goodbye when it is stopped, with all its GPU time on the bus', async () => {
    await worker.stop();
    const goodbye = said(workerHeartbeat).at(-1);
    expect(goodbye?.leaving).toBe(true);
    const segments = said(usageRecorded).flatMap((event) => event.segments);
    expect(segments.reduce((sum, { gpuMs }) => sum + gpuMs, 0)).toBe(goodbye?.at);
    expect(await readdir(join(directory, 'spool'))).toHaveLength(1);
  });

  it('WRK-14: leaves when the scheduler asks it to', async () => {
    const left = new Promise((resolve) => worker.left.addEventListener('abort', resolve));
    await command(drainRequested, { ...mine(), graceMs: 120_000, reason: 'spot_notice' });
    await left;
    expect(said(workerHeartbeat).at(-1)).toMatchObject({ leaving: true, draining: true });
  });
});

describe('the gpu-worker app on a machine with GPUs', () => {
  it('SCH-50: tells what the driver and the kernel log tell, as it changes', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-worker-'));
    const bus = createInMemoryBus({ clock: systemClock, partitions: 1 });
    const log = { text: '' };
    const told = (): readonly EventData<typeof workerHeartbeat>[] =>
      bus.records('worker.heartbeat').map((record) => decodeEvent(record).data as EventData<typeof workerHeartbeat>);
    const worker = await startGpuWorker({
      settings: gpuWorkerSettings.parse({
        ...{ engines: 'noop', gpuSource: 'nvidia', heartbeatMs: 100, healthMs: 1_000 },
        ...{ workDirectory: join(directory, 'work'), spoolDirectory: join(directory, 'spool') },
      }),
      parts: createHostParts(createObservability({ service: 'gpu-worker', version: '0.1.0', logLevel: 'silent' }), bus),
      objects: createInMemoryObjectStore(systemClock),
      outbound: STRICT_RULES,
      version: '0.1.0',
      probe: twoGpus(() => log.text),
    });
    expect(bus.records('worker.registered').map((record) => decodeEvent(record).data)).toMatchObject([
      { gpuType: 'A10G', gpus: 2, slots: 2, vramMiB: 23_028, driver: '535.104.05', gpuHealth: [] },
    ]);
    log.text = '[ 9.0] NVRM: Xid (PCI:0000:1E:00): 79, GPU has fallen off the bus.';
    await new Promise<void>((resolve) =>
      bus.interceptPublish(() => {
        if (told().some(({ gpuHealth }) => gpuHealth?.[0]?.gpu === 1)) resolve();
      }),
    );
    await worker.stop();
    await rm(directory, { recursive: true });
  });
});

function twoGpus(kernelLog: () => string): MachineProbe {
  const rows = ['0, GPU-a, 00000000:1B:00.0', '1, GPU-b, 00000000:1E:00.0'];
  const list = rows.map((row) => `${row}, NVIDIA A10G, 23028, 535.104.05, [N/A]`).join('\n');
  return createNvidiaProbe({
    readHost: async () => ({ cpuMilli: 8_000, ramMiB: 32_768 }),
    logger: silentLogger,
    run: async (program, [first = '']) => {
      const asked = first.startsWith('--query-gpu=index')
        ? list
        : first.startsWith('--query')
          ? 'GPU-a, 0, 0\nGPU-b, 0, 0'
          : '';
      return { kind: 'ended', ok: true, output: program === 'dmesg' ? kernelLog() : asked, complaint: '' };
    },
  });
}

describe('its settings', () => {
  const directories = { workDirectory: '/w', spoolDirectory: '/s' };

  it('have a default for all but the directories', () => {
    expect(gpuWorkerSettings.parse(directories)).toMatchObject({
      engines: ['onnx'],
      gpuSource: 'virtual',
      heartbeatMs: 5_000,
    });
    expect(gpuWorkerSettings.safeParse({}).success).toBe(false);
  });

  it.each([
    ['engines', 'onnx,magic'],
    ['slots', '0'],
    ['workerId', 'Worker One'],
    ['heartbeatMs', 'soon'],
    ['preload', 'perhaps'],
  ])('refuse %s=%s', (name, value) => {
    expect(gpuWorkerSettings.safeParse({ ...directories, [name]: value }).success).toBe(false);
  });
});
