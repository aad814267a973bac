import type { Clock, IdGenerator } from '@millrace/kernel';
import { createS3ObjectStore, type S3ObjectStore } from './object-store.s3.js';

/** S3 as a deployment's settings name it. */
export interface S3Settings {
  readonly endpoint?: string | undefined;
  readonly publicEndpoint?: string | undefined;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
}

/** The object store of a deployment. Without a key pair in the settings the SDK looks for credentials itself. */
export function openS3Store(
  settings: S3Settings,
  parts: { readonly clock: Clock; readonly ids: IdGenerator },
): S3ObjectStore {
  const { endpoint, publicEndpoint, bucket, region, accessKeyId, secretAccessKey } = settings;
  return createS3ObjectStore({
    bucket,
    region,
    clock: parts.clock,
    ids: parts.ids,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(publicEndpoint === undefined ? {} : { publicEndpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
  });
}
