export {
  ASSIGNED_TRACEPARENT,
  INCARNATION,
  TASK_ID,
  WORKER_ID,
  buildAssignment,
  buildLease,
  buildTaskId,
  buildWorkerSettings,
} from './builders.js';
export {
  createFakeImageFiles,
  createFakeImageSource,
  createFakeImageTransport,
  createFakeWorkspace,
} from './fake-worker-files.js';
export {
  createFakeWorker,
  createFakeWorld,
  createRegisteredWorker,
  type FakeWorker,
  type FakeWorkerOptions,
  type FakeWorld,
} from './fake-worker.js';
export { jpegOf, pngOf, webpOf } from './image-bytes.js';
export { createInMemoryObjectStore, type InMemoryObjectStore } from './in-memory-object-store.js';
export { createInMemorySpoolDisk, type InMemorySpoolDisk } from './in-memory-spool.js';
export { inferenceEngineConformance } from './inference-engine-conformance.js';
export type { InferenceEngineUnderTest } from './engine-runs.js';
export { machineProbeConformance } from './machine-probe-conformance.js';
export { objectStoreConformance, type ObjectStoreUnderTest } from './object-store-conformance.js';
export { createScriptedEngine, type Script, type ScriptedEngine } from './scripted-engine.js';
export { spoolConformance, type SpoolUnderTest } from './spool-conformance.js';
