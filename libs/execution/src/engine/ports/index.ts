export type {
  EngineCheckpoint,
  EngineOutput,
  EngineRun,
  EngineStep,
  GenerationJob,
  InferenceEngine,
  ResumePoint,
} from './inference-engine.port.js';
export type { ObjectBody, ObjectStore, PutOptions, SignedUrlOptions, StoredObject } from './object-store.port.js';
