export { objectStoreConformance, type ObjectStoreUnderTest } from './object-store-conformance.js';
