export { gpuWorkerModule, type GpuWorkerAdapters, type GpuWorkerModuleOptions } from './gpu-worker.module.js';
export {
  ENGINE_NAMES,
  GPU_WORKER_VARIABLES,
  gpuWorkerSettings,
  type GpuWorkerSettings,
} from './gpu-worker.settings.js';
export { startGpuWorker, type RunningGpuWorker, type StartGpuWorkerOptions } from './start-gpu-worker.js';
