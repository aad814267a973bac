export { openS3Store, type S3Settings } from './open-s3-store.js';
export {
  createFileObjectStore,
  type FileObjectStore,
  type FileObjectStoreOptions,
  type SignedAnswer,
  type SignedRequest,
} from './object-store.file-system.js';
export { createS3ObjectStore, type S3ObjectStore, type S3ObjectStoreOptions } from './object-store.s3.js';
export { RETENTION_MINIMUM_AGE_MS, type RemovedObjects, type RetentionLimits } from './remove-oldest.js';
export { verifySignedUrl, type SignedQuery, type UrlGrant } from './signed-url.js';
