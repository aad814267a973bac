export type { ImageFiles, ImageRequest, ImageSource, ImageTransport } from './image-source.port.js';
export type {
  EngineCheckpoint,
  EngineOutput,
  EngineRun,
  EngineStep,
  GenerationJob,
  InferenceEngine,
  ResumePoint,
} from './inference-engine.port.js';
export type { GpuReading, MachineFacts, MachineProbe, ProbedGpu } from './machine-probe.port.js';
export type { ObjectBody, ObjectStore, PutOptions, SignedUrlOptions, StoredObject } from './object-store.port.js';
export type { Spool, SpooledRecord } from './spool.port.js';
export { silentObserver, type WorkerObserver } from './worker-observer.port.js';
export type { FileDigest, Workspace } from './workspace.port.js';
