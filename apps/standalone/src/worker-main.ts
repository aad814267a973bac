import { GPU_WORKER_VARIABLES, gpuWorkerSettings, startGpuWorker } from '@millrace/app-gpu-worker';
import { createKafkaEventBus } from '@millrace/adapter-kafka';
import { createFileObjectStore, openS3Store } from '@millrace/adapter-object-store';
import { createPostgresEventBus } from '@millrace/adapter-postgres/bus';
import type { ObjectStore } from '@millrace/execution/ports';
import { systemClock, systemIds, systemRng } from '@millrace/kernel';
import type { EventBus } from '@millrace/messaging/ports';
import { STRICT_RULES } from '@millrace/notifications';
import {
  KAFKA_VARIABLES,
  S3_VARIABLES,
  TELEMETRY_VARIABLES,
  VERSION,
  createHostParts,
  createObservability,
  environment,
  kafkaSettings,
  loadSettings,
  runUntilSignal,
  s3Settings,
  telemetrySettings,
  type HostParts,
  type RunningProcess,
} from '@millrace/platform';

/** The worker of the standalone app: the same service, on the embedded bus and the file store of its parent. */
await runUntilSignal(start);

async function start(): Promise<RunningProcess> {
  const source = environment();
  const settings = loadSettings(gpuWorkerSettings, GPU_WORKER_VARIABLES, source);
  const telemetry = loadSettings(telemetrySettings, TELEMETRY_VARIABLES, source);
  const { logLevel, otlpEndpoint } = telemetry;
  const observability = createObservability({
    service: 'gpu-worker',
    version: VERSION,
    logLevel,
    ...(otlpEndpoint === undefined ? {} : { otlpEndpoint }),
  });
  const parts = createHostParts(observability, openBus(source['MILLRACE_WORKER_BUS_URL'], observability.logger));
  const worker = await startGpuWorker({
    settings,
    parts,
    objects: openObjects(source['MILLRACE_WORKER_OBJECTS'], parts),
    outbound: { ...STRICT_RULES, allowLoopback: true, allowHttp: true },
    version: VERSION,
  });
  process.send?.('ready');
  worker.left.addEventListener('abort', () => process.kill(process.pid, 'SIGTERM'));
  return {
    stop: async () => {
      await worker.stop();
      await parts.bus.close();
      await observability.shutdown();
    },
  };
}

function openBus(url: string | undefined, logger: HostParts['logger']): EventBus {
  if (url !== undefined)
    return createPostgresEventBus({
      url,
      clock: systemClock,
      logger,
      ids: systemIds,
      applicationName: 'millrace-worker',
    });
  const kafka = loadSettings(kafkaSettings, KAFKA_VARIABLES, environment());
  return createKafkaEventBus({ ...kafka, clientId: 'millrace-gpu-worker', clock: systemClock, logger });
}

/** The worker puts and gets; the gateway signs and serves, so that the signing key stays there. */
function openObjects(directory: string | undefined, parts: HostParts): ObjectStore {
  if (directory === undefined) return openS3Store(loadSettings(s3Settings, S3_VARIABLES, environment()), parts);
  return createFileObjectStore({
    directory,
    publicUrl: 'http://unused.invalid',
    signingKey: systemRng.bytes(32),
    clock: systemClock,
  });
}
