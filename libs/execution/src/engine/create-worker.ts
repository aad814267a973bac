import { messageOf, type Clock, type DurationMs, type Logger, type Rng } from '@millrace/kernel';
import { usageRecorded, type EventData, type workerRegistered } from '@millrace/contracts';
import {
  newEvent,
  type EventBus,
  type EventPublisher,
  type HandlerResult,
  type NewEvent,
  type OutgoingRecord,
  type ReceivedEvent,
  type Tracer,
} from '@millrace/messaging/ports';
import { AttemptRunner } from './attempt-runner.js';
import { EventOutlet } from './event-outlet.js';
import { GpuMeter } from './gpu-meter.js';
import type { GpuMeterOptions } from './meter.js';
import { GrantedMeter } from './granted-meter.js';
import { InstanceClock } from './instance-clock.js';
import { ModelLoader } from './model-loader.js';
import { ObjectAccess } from './object-access.js';
import type { ImageSource } from './ports/image-source.port.js';
import type { InferenceEngine } from './ports/inference-engine.port.js';
import type { MachineProbe } from './ports/machine-probe.port.js';
import type { ObjectStore } from './ports/object-store.port.js';
import type { Spool } from './ports/spool.port.js';
import { silentObserver, type WorkerObserver } from './ports/worker-observer.port.js';
import type { Workspace } from './ports/workspace.port.js';
import { ProgressChannel } from './progress-channel.js';
import { WorkerAgent, type WorkerDescription } from './worker-agent.js';
import { WorkerNews } from './worker-news.js';

/**
 * A registration ends the leases of the incarnation before: what that one still had to report goes first. When the bus
 * does not take it in this time, the registration no longer waits.
 */
const REPLAY_LIMIT_MS = 5_000;

/** What a worker tells of its machine and itself at registration, beyond what it must (TYP-23, TYP-24). */
export type WorkerTraits = Pick<
  EventData<typeof workerRegistered>,
  'driver' | 'cuda' | 'purpose' | 'taints' | 'labels' | 'zone' | 'rack' | 'cpuMilli' | 'ramMiB' | 'devices'
>;

/** What a worker is and how it behaves; times in ms. */
export interface WorkerSettings {
  readonly workerId: string;
  /** UUID, new with each start of the process. */
  readonly incarnation: string;
  /** The machine that holds the GPUs; here one per incarnation. */
  readonly instanceId: string;
  readonly pool: string;
  readonly capacity: 'spot' | 'on_demand';
  readonly gpuType: string;
  readonly gpus: number;
  /** Per GPU. */
  readonly vramMiB: number;
  /** Attempts at once. */
  readonly slots: number;
  readonly traits?: WorkerTraits;
  /** What its machine names its GPUs by, in order of position. */
  readonly gpuIds?: readonly string[];
  readonly version: string;
  readonly heartbeatMs: DurationMs;
  /** After each step, where a task does not say it; 0 but for demonstrations. */
  readonly stepDelayMs: DurationMs;
  /** An attempt that runs longer has failed, as one that may be tried again. */
  readonly runLimitMs: DurationMs;
  /** An orderly stop takes at most so long; 25 s where absent. */
  readonly leaveLimitMs?: DurationMs;
  /** How often the GPUs' health is read; 30 s where absent. */
  readonly healthMs?: DurationMs;
}

export interface WorkerOptions {
  readonly settings: WorkerSettings;
  /** In order of preference: the first that knows a task type runs it. */
  readonly engines: readonly InferenceEngine[];
  readonly objects: ObjectStore;
  readonly images: ImageSource;
  readonly workspace: Workspace;
  readonly spool: Spool;
  readonly bus: Pick<EventBus, 'publish'>;
  readonly stamper: { stamp(events: readonly NewEvent[]): readonly OutgoingRecord[] };
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly tracer: Tracer;
  readonly logger: Logger;
  readonly observer?: WorkerObserver;
  /** Absent: the worker tells nothing of its GPUs' health. */
  readonly probe?: Pick<MachineProbe, 'readHealth'>;
}

/** One worker incarnation, from start to goodbye. */
export interface Worker {
  /** Publishes what an earlier incarnation left, and loads the models; one that fails to load is logged (WRK-02). */
  start(options: { readonly preload: boolean }): Promise<void>;
  /** See `WorkerAgent.register`. */
  register(): Promise<void>;
  /** Commands from `worker.commands`. */
  take(batch: readonly ReceivedEvent[]): readonly HandlerResult[];
  /** Stops in order: hands back what runs, says goodbye. */
  leave(reason: string): Promise<void>;
  /** Ends the outlet and the engines. After `leave`. */
  close(): Promise<void>;
  /** Aborted once the worker has left, also by the scheduler's wish. */
  readonly left: AbortSignal;
  /** For metrics: attempts that run or wait, and records that the bus does not have. */
  load(): { readonly attempts: number; readonly backlog: number };
}

/** Puts a worker together. Its instance clock starts here. */
export function createWorker(options: WorkerOptions): Worker {
  const { settings, engines, clock, logger, observer = silentObserver } = options;
  const { instanceId, gpus, slots } = settings;
  const instanceClock = new InstanceClock(clock);
  const outlet = new EventOutlet(options);
  const models = new ModelLoader(clock, observer);
  const record = segmentRecorder(settings, outlet);
  const metered = { instanceId, gpus, slots, clock, instanceClock, record };
  const meter = settings.traits?.devices === undefined ? new GpuMeter(metered) : new GrantedMeter(metered);
  const progress = new ProgressChannel(options.publisher, logger);
  const objects = new ObjectAccess({ store: options.objects, clock, rng: options.rng });
  const news = new WorkerNews({ ...options, ...settings, models, meter, instanceClock });
  const readHealth = (): Promise<void> => news.readHealth();
  const parts = { observer, objects, models, progress, instanceClock, readHealth };
  const runner = new AttemptRunner({ ...options, ...settings, ...parts });
  const agent = new WorkerAgent({
    ...options,
    ...settings,
    description: describeWorker(settings, engines),
    news,
    runner,
    meter,
    outlet,
    instanceClock,
    observer,
  });
  return {
    start: async ({ preload }) => {
      const replayed = outlet.drain(REPLAY_LIMIT_MS);
      if (preload) await Promise.all(engines.map((engine) => tryLoad(models, engine, logger)));
      await news.start();
      await replayed;
    },
    register: () => agent.register(),
    take: (batch) => agent.take(batch),
    leave: (reason) => agent.leave(reason),
    close: async () => {
      news.stop();
      await outlet.close();
      await Promise.all(engines.map((engine) => engine.close()));
    },
    left: agent.left,
    load: () => ({ attempts: agent.attempts(), backlog: outlet.backlog() }),
  };
}

function describeWorker(settings: WorkerSettings, engines: readonly InferenceEngine[]): WorkerDescription {
  const { workerId, incarnation, instanceId, pool, capacity, gpuType, gpus, vramMiB, slots, version } = settings;
  const taskTypes = [...new Set(engines.flatMap((engine) => engine.taskTypes))];
  const engine = engines.map(({ name }) => name).join(',');
  return {
    workerId,
    incarnation,
    instanceId,
    pool,
    capacity,
    gpuType,
    gpus,
    vramMiB,
    slots,
    version,
    taskTypes,
    engine,
    ...settings.traits,
  };
}

/** An attempt's segments leave at once; time without an attempt waits up to a minute for company. */
function segmentRecorder({ instanceId, pool }: WorkerSettings, outlet: EventOutlet): GpuMeterOptions['record'] {
  return (segments, use) => {
    const data = { instanceId, pool, segments: [...segments] };
    const context = use?.traceparent === undefined ? {} : { traceparent: use.traceparent };
    outlet.send([newEvent(usageRecorded, data, context)], use === undefined ? 'later' : 'now');
  };
}

async function tryLoad(models: ModelLoader, engine: InferenceEngine, logger: Logger): Promise<void> {
  try {
    await models.load(engine);
  } catch (error) {
    logger.error('model not preloaded; its first attempt tries again', {
      engine: engine.name,
      error: messageOf(error),
    });
  }
}
