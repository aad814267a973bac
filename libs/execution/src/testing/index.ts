export { inferenceEngineConformance, type InferenceEngineUnderTest } from './inference-engine-conformance.js';
export { objectStoreConformance, type ObjectStoreUnderTest } from './object-store-conformance.js';
