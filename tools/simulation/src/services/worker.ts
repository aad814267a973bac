import { createWorker, type Worker } from '@millrace/execution';
import type { MachineProbe, Spool } from '@millrace/execution/ports';
import {
  createFakeImageSource,
  createFakeWorkspace,
  createInMemorySpoolDisk,
  type InMemorySpoolDisk,
} from '@millrace/execution/testing';
import { createConsumerRuntime, createEventPublisher } from '@millrace/messaging';
import { beyondBorder, type Machine } from '../world/machine.js';
import { unavailable } from '../world/simulated-bus.js';
import type { World } from '../world/world.js';
import { createHost, type Host } from './host.js';
import { createSimulatedEngine } from './simulated-engine.js';

/** A worker's place: the disk outlives the processes that run on it, until the whole machine is lost. */
export class WorkerPlace {
  disk: InMemorySpoolDisk = createInMemorySpoolDisk();

  constructor(readonly workerId: string) {}

  /** The machine is gone with its disk; the next one is empty. */
  lose(): void {
    this.disk = createInMemorySpoolDisk();
  }
}

export interface RunningWorker {
  readonly worker: Worker;
  /** Leaves in order; the process ends. */
  stop(): Promise<void>;
}

/** Starts one worker incarnation, as apps/gpu-worker wires it. */
export async function startWorker(world: World, machine: Machine, place: WorkerPlace): Promise<RunningWorker> {
  const host = createHost(world, machine);
  machine.watch({ killed: () => machine.diskLost && place.lose() });
  const incarnation = world.ids.next();
  const worker = createWorker({
    ...host,
    settings: settingsOf(place.workerId, incarnation),
    engines: [createSimulatedEngine(host.clock, host.rng)],
    objects: beyondBorder(world.objects, (effect) => machine.call(effect)),
    images: createFakeImageSource(),
    workspace: createFakeWorkspace(),
    spool: await openSpool(world, machine, place),
    probe: gpusThatFail(world),
    publisher: createEventPublisher(host),
  });
  await worker.start({ preload: true });
  const commands = await createConsumerRuntime(host).start({
    group: `worker.${incarnation}`,
    topics: ['worker.commands'],
    from: 'end',
    handle: async (batch) => worker.take(batch),
  });
  await commands.ready;
  await worker.register();
  const stop = async (): Promise<void> => {
    await worker.leave('shutdown');
    await commands.stop();
    await worker.close();
    machine.kill();
  };
  whenLeft(worker, host, stop);
  return { worker, stop };
}

/** The scheduler asked it to leave: the process ends, and the supervisor starts the next one. */
function whenLeft({ left }: Worker, { machine }: Host, stop: () => Promise<void>): void {
  left.addEventListener('abort', () => void machine.running().then(stop), { once: true });
}

/** Longer than any scripted run. */
const RUN_LIMIT_MS = 1_800_000;

function settingsOf(workerId: string, incarnation: string): Parameters<typeof createWorker>[0]['settings'] {
  return {
    workerId,
    incarnation,
    runLimitMs: RUN_LIMIT_MS,
    instanceId: `instance-${incarnation}`,
    pool: 'local',
    capacity: 'spot',
    gpuType: 'virtual',
    gpus: GPUS,
    vramMiB: 81_920,
    slots: GPUS,
    traits: { devices: Array.from({ length: GPUS }, () => ({ mode: 'whole' as const })) },
    healthMs: 5_000,
    version: 'simulated',
    heartbeatMs: 5_000,
    stepDelayMs: 0,
  };
}

/** The last of a worker's GPUs fails now and then; the first never does, so that what waits can always be served. */
const GPUS = 2;

function gpusThatFail(world: World): Pick<MachineProbe, 'readHealth'> {
  const kernelLog: string[] = [];
  let lost = false;
  return {
    readHealth: async () => {
      if (world.faults.happens('GPU with an Xid'))
        kernelLog.push(`[${kernelLog.length}] NVRM: Xid (PCI:0000:01:00): 31`);
      lost ||= world.faults.happens('GPU lost');
      const failing = { gpu: GPUS - 1, lost, eccCorrected: 0, eccUncorrected: 0, kernelLog: [...kernelLog] };
      return [{ gpu: 0, lost: false, eccCorrected: 0, eccUncorrected: 0, kernelLog: [] }, failing];
    },
  };
}

async function openSpool(world: World, machine: Machine, place: WorkerPlace): Promise<Spool> {
  const spool = await place.disk.open();
  return {
    append: (records) =>
      machine.call(async () => {
        if (world.faults.happens('spool refused')) throw unavailable('the disk is full');
        await spool.append(records);
      }),
    pending: (limit) => machine.call(() => spool.pending(limit)),
    acknowledge: (ids) => machine.call(() => spool.acknowledge(ids)),
    depth: () => spool.depth(),
    close: () => spool.close(),
  };
}
