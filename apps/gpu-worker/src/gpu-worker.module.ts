import { Module, type DynamicModule } from '@nestjs/common';
import { CachedImageSource, createWorker, type Worker } from '@millrace/execution';
import type {
  ImageFiles,
  ImageTransport,
  InferenceEngine,
  MachineProbe,
  ObjectStore,
  Spool,
  Workspace,
} from '@millrace/execution/ports';
import { EventStamper, createConsumerRuntime, createEventPublisher } from '@millrace/messaging';
import type { HostParts } from '@millrace/platform';
import type { GpuWorkerSettings } from './gpu-worker.settings.js';
import { COMMANDS_GROUP, COMMANDS_RUNTIME, PRELOAD, WORKER } from './gpu-worker.tokens.js';
import type { WorkerMachine } from './worker-machine.js';
import { WorkerLifecycle } from './worker-lifecycle.js';
import { createWorkerMetrics, observeWorkerLoad } from './worker-metrics.js';

/** What the worker's host chose for it. */
export interface GpuWorkerAdapters {
  readonly engines: readonly InferenceEngine[];
  readonly objects: ObjectStore;
  readonly imageTransport: ImageTransport;
  readonly imageFiles: ImageFiles;
  readonly workspace: Workspace;
  readonly spool: Spool;
  readonly probe: MachineProbe;
}

export interface GpuWorkerModuleOptions {
  readonly settings: GpuWorkerSettings;
  /** What the probe found, as the settings want it used. */
  readonly machine: WorkerMachine;
  readonly parts: HostParts;
  readonly adapters: GpuWorkerAdapters;
  /** Of the software, shown to operators. */
  readonly version: string;
}

@Module({})
export class GpuWorkerModule {}

/**
 * One worker incarnation as a module. It registers when the application has started, and says goodbye when it is closed.
 * Its commands are read by a group of its own, since each incarnation reads all of them from the end.
 */
export function gpuWorkerModule(options: GpuWorkerModuleOptions): DynamicModule {
  const { settings, parts, adapters } = options;
  const incarnation = parts.ids.next();
  const worker = buildWorker(options, incarnation);
  observeWorkerLoad(parts.metrics, () => worker.load());
  parts.health.register('gpu-worker.objects', () => adapters.objects.ping());
  parts.health.register('gpu-worker.bus', () => parts.bus.ping());
  return {
    module: GpuWorkerModule,
    providers: [
      WorkerLifecycle,
      { provide: WORKER, useValue: worker },
      { provide: COMMANDS_RUNTIME, useValue: createConsumerRuntime(parts) },
      { provide: COMMANDS_GROUP, useValue: `worker.${settings.workerId}.${incarnation}` },
      { provide: PRELOAD, useValue: settings.preload },
    ],
    exports: [WORKER],
  };
}

function buildWorker(options: GpuWorkerModuleOptions, incarnation: string): Worker {
  const { settings, machine, parts, adapters, version } = options;
  const { clock, rng, ids, tracer, logger, bus, metrics } = parts;
  const { workerId, pool, capacity, heartbeatMs, stepDelayMs, runLimitMs, healthMs } = settings;
  const stamper = new EventStamper({ clock, ids, tracer });
  return createWorker({
    ...adapters,
    settings: {
      workerId,
      pool,
      capacity,
      ...machine,
      heartbeatMs,
      stepDelayMs,
      runLimitMs,
      healthMs,
      incarnation,
      instanceId: ids.next(),
      version,
    },
    images: new CachedImageSource(adapters.imageTransport, adapters.imageFiles),
    bus,
    stamper,
    publisher: createEventPublisher({ bus, stamper }),
    clock,
    rng,
    tracer,
    logger,
    observer: createWorkerMetrics(metrics),
  });
}
