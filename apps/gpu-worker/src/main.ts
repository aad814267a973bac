import { createKafkaEventBus } from '@millrace/adapter-kafka';
import { openS3Store } from '@millrace/adapter-object-store';
import { STRICT_RULES } from '@millrace/notifications';
import {
  OUTBOUND_VARIABLES,
  S3_VARIABLES,
  VERSION,
  loadSettings,
  outboundSettings,
  runService,
  s3Settings,
} from '@millrace/platform';
import { GPU_WORKER_VARIABLES, gpuWorkerSettings } from './gpu-worker.settings.js';
import { startGpuWorker } from './start-gpu-worker.js';

await runService({
  name: 'gpu-worker',
  internalPort: 9466,
  createBus: createKafkaEventBus,
  prepare: (source) => {
    const settings = loadSettings(gpuWorkerSettings, GPU_WORKER_VARIABLES, source);
    const outbound = loadSettings(outboundSettings, OUTBOUND_VARIABLES, source);
    const s3 = loadSettings(s3Settings, S3_VARIABLES, source);
    return async (parts) => {
      const worker = await startGpuWorker({
        settings,
        parts,
        objects: openS3Store(s3, parts),
        outbound: { ...STRICT_RULES, ...outbound },
        version: VERSION,
      });
      // A worker that was drained has nothing left to do: it ends as a signal would end it.
      worker.left.addEventListener('abort', () => process.kill(process.pid, 'SIGTERM'));
      return worker;
    };
  },
});
