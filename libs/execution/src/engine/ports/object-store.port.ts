export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  /** Hex SHA-256 of the content where the store knows it. */
  readonly sha256?: string;
  readonly mediaType: string;
  /** ms since the epoch. */
  readonly storedAt: number;
}

export interface PutOptions {
  readonly mediaType: string;
}

export type ObjectBody = Uint8Array | { readonly path: string };

/**
 * Objects by key, created once and never overwritten. Keys: `/`-separated segments of [A-Za-z0-9._-], no `.` or `..`
 * segment, at most 512 characters.
 * Errors: `object_exists` (conflict), `object_not_found`, `artifact_expired` (it was there and was removed by
 * retention), `range_not_satisfiable`, `service_unavailable`.
 */
export interface ObjectStore {
  /** Atomic: a reader sees the whole object or none. Exactly one of several writers of a key succeeds. */
  put(key: string, body: ObjectBody, options: PutOptions): Promise<StoredObject>;
  get(key: string): Promise<Uint8Array>;
  head(key: string): Promise<StoredObject>;
  /** Deletes what is there; a missing key is no error. */
  delete(keys: readonly string[]): Promise<void>;
  /** At most `limit` objects under a prefix, in key order, after `after`. */
  list(prefix: string, page: { readonly limit: number; readonly after?: string }): Promise<readonly StoredObject[]>;
  /** An absolute URL that serves the object with ranges, without further authorisation, until it expires (at most 7 days). */
  signedUrl(key: string, options: SignedUrlOptions): Promise<string>;
  ping(): Promise<void>;
}

export interface SignedUrlOptions {
  readonly expiresInS: number;
  /** File name offered for download. */
  readonly downloadName?: string;
}
