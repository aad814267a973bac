import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock, systemRng, type Logger } from '@millrace/kernel';
import {
  HealthRegistry,
  VERSION,
  createHostParts,
  createObservability,
  environment,
  observeProcess,
  startInternalServer,
  type Observability,
} from '@millrace/platform';
import { Registry } from 'prom-client';
import { layFoundation, type Foundation } from './foundation.js';
import { keepObjectsWithin } from './object-retention.js';
import type { StandaloneOptions } from './standalone-options.js';
import { startServices } from './start-services.js';
import { StartedParts } from './started-parts.js';
import { watchTasks } from './watch-tasks.js';
import { WorkerSupervisor } from './worker-supervisor.js';

const WORKER_FILE = fileURLToPath(new URL('./worker-main.js', import.meta.url));

export interface Standalone {
  readonly url: string;
  readonly workerPid: () => number | undefined;
  stop(): Promise<void>;
}

/** Starts everything on one machine: database, bus, objects, four services in this process, a worker beside it. */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const started = new StartedParts();
  const observe = createObserver(options, started);
  const main = observe('standalone');
  try {
    return await startParts(options, main, observe, started);
  } catch (error) {
    await started.stop(main.logger);
    throw error;
  }
}

/** A log file, a tracer for each service; metrics and health are the process's. */
function createObserver(
  { home, telemetry }: StandaloneOptions,
  started: StartedParts,
): (service: string) => Observability {
  const shared = { metrics: new Registry(), health: new HealthRegistry(systemClock) };
  return (service) => {
    const observability = createObservability({
      service,
      version: VERSION,
      logLevel: telemetry.logLevel,
      logFile: path.join(home.logs, `${service}.log`),
      shared,
      ...(telemetry.otlpEndpoint === undefined ? {} : { otlpEndpoint: telemetry.otlpEndpoint }),
    });
    started.add(() => observability.shutdown());
    return observability;
  };
}

async function startParts(
  options: StandaloneOptions,
  main: Observability,
  observe: (service: string) => Observability,
  started: StartedParts,
): Promise<Standalone> {
  const { settings, http, output, onProgress } = options;
  const { logger } = main;
  observeProcess(main.metrics);
  const { internalHost: host, internalPort: port } = options.telemetry;
  const internal = await startInternalServer({ host, port, ...main });
  started.add(async () => void internal.close());
  let publicUrl = http.publicUrl ?? '';
  const foundation = await layFoundation({
    ...options,
    partitions: settings.partitions,
    logger,
    publicUrl: () => publicUrl,
  });
  started.add(() => foundation.close());
  onProgress('starting the services');
  const gateway = await startServices(
    options,
    foundation,
    (service) => createHostParts(observe(service), foundation.bus),
    started,
  );
  publicUrl ||= gateway.url;
  if (foundation.files !== undefined)
    started.add(keepObjectsWithin(foundation.files, settings.objectsLimitBytes, logger));
  started.add(await watchTasks(createHostParts(main, foundation.bus), foundation.objects, output));
  onProgress('starting the worker');
  const worker = createWorker(options, foundation, logger);
  started.add(() => worker.stop());
  await worker.start();
  return { url: publicUrl, workerPid: () => worker.pid, stop: () => started.stop(logger) };
}

function createWorker(
  { home, settings, telemetry }: StandaloneOptions,
  { workerEnvironment }: Foundation,
  logger: Logger,
): WorkerSupervisor {
  return new WorkerSupervisor({
    file: WORKER_FILE,
    logFile: path.join(home.logs, 'gpu-worker.log'),
    clock: systemClock,
    rng: systemRng,
    logger,
    environment: {
      ...environment(),
      ...workerEnvironment,
      MILLRACE_LOG_LEVEL: telemetry.logLevel,
      MILLRACE_WORKER_ENGINES: settings.noopTasks ? 'onnx,noop' : 'onnx',
      ...(settings.workerSlots === undefined ? {} : { MILLRACE_WORKER_SLOTS: String(settings.workerSlots) }),
      MILLRACE_WORKER_HEARTBEAT_MS: String(settings.heartbeatMs),
      MILLRACE_WORKER_STEP_DELAY_MS: String(settings.stepDelayMs),
      MILLRACE_WORKER_WORK_DIRECTORY: home.work,
      MILLRACE_WORKER_SPOOL_DIRECTORY: home.spool,
    },
  });
}
