import type { Readable } from 'node:stream';
import { AppError, type Clock } from '@millrace/kernel';
import type { ObjectBody, ObjectStore, PutOptions, SignedUrlOptions, StoredObject } from '@millrace/execution/ports';
import { parseByteRange, type ByteRange } from './byte-range.js';
import { attachmentDisposition } from './content-disposition.js';
import { ObjectDirectory } from './object-directory.js';
import { assertObjectKey, fileNameOf, isObjectKey } from './object-key.js';
import {
  artifactExpired,
  assertUrlLife,
  objectExists,
  objectNotFound,
  signatureInvalid,
  storeUnavailable,
} from './object-store-errors.js';
import { removeOldest, type RemovedObjects, type RetentionLimits } from './remove-oldest.js';
import { buildSignedUrl, verifySignedUrl, type SignedQuery } from './signed-url.js';
import { walkObjects } from './walk-objects.js';

/** Largest object, bytes; a put above it is refused. */
const OBJECT_BYTES_MAX = 5 * 1024 ** 3;
/** Most objects in one page of a list. */
const LIST_LIMIT_MAX = 1000;

export interface FileObjectStoreOptions {
  /** Folder of the store; made when it is missing. Several processes may share it. */
  readonly directory: string;
  /** Where the signed URLs are served, without `/objects`. A function where the port is known only after listening. */
  readonly publicUrl: string | (() => string);
  /** At least 32 random bytes; the same in every process that signs or serves. */
  readonly signingKey: Uint8Array;
  readonly clock: Clock;
}

/** A GET or HEAD of a signed URL: the key is what follows `/objects/`, decoded. */
export interface SignedRequest {
  readonly method: 'GET' | 'HEAD';
  readonly key: string;
  readonly query: SignedQuery;
  readonly range?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** What to answer. `stream` is absent for HEAD, 304 and 416. Whoever takes it must read it to its end or destroy it. */
export interface SignedAnswer {
  readonly status: 200 | 206 | 304 | 416;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream?: Readable;
}

/** The object store on the file system: the port, and what a server needs to serve its signed URLs. */
export interface FileObjectStore extends ObjectStore {
  /**
   * Checks the signature and opens the object. Errors: `signature_invalid` (also for a malformed key),
   * `object_not_found`, `artifact_expired`.
   */
  openSigned(request: SignedRequest): Promise<SignedAnswer>;
  /** Removes the oldest objects until all together are within the limit; their keys answer `artifact_expired` then. */
  removeOldest(limits: RetentionLimits): Promise<RemovedObjects>;
}

export function createFileObjectStore(options: FileObjectStoreOptions): FileObjectStore {
  if (options.signingKey.byteLength < 32) throw new RangeError('the signing key needs at least 32 bytes');
  return new FileSystemObjectStore(options);
}

class FileSystemObjectStore implements FileObjectStore {
  private readonly disk: ObjectDirectory;

  constructor(private readonly options: FileObjectStoreOptions) {
    this.disk = new ObjectDirectory(options.directory);
  }

  async put(key: string, body: ObjectBody, options: PutOptions): Promise<StoredObject> {
    assertObjectKey(key);
    if (body instanceof Uint8Array && body.byteLength > OBJECT_BYTES_MAX)
      throw new RangeError('the object is too large');
    const facts = { mediaType: options.mediaType, storedAt: this.options.clock.now() };
    const stored = await onDisk(this.disk.create(key, body, facts));
    if (stored === undefined) throw objectExists(key);
    return stored;
  }

  async get(key: string): Promise<Uint8Array> {
    assertObjectKey(key);
    const content = await onDisk(this.disk.readContent(key));
    if (content === undefined) throw await this.missing(key);
    return content;
  }

  async head(key: string): Promise<StoredObject> {
    assertObjectKey(key);
    const stored = await onDisk(this.disk.read(key));
    if (stored === undefined) throw await this.missing(key);
    return stored;
  }

  async delete(keys: readonly string[]): Promise<void> {
    keys.forEach(assertObjectKey);
    for (const key of keys) {
      await onDisk(this.disk.remove(key));
      await onDisk(this.disk.unbury(key));
    }
  }

  async list(prefix: string, page: { limit: number; after?: string }): Promise<readonly StoredObject[]> {
    const limit = Math.min(page.limit, LIST_LIMIT_MAX);
    const found: StoredObject[] = [];
    for await (const key of walkObjects(this.disk.objectsPath, prefix, page.after)) {
      if (found.length >= limit) break;
      const stored = await onDisk(this.disk.read(key));
      if (stored !== undefined) found.push(stored);
    }
    return found;
  }

  async signedUrl(key: string, options: SignedUrlOptions): Promise<string> {
    assertObjectKey(key);
    assertUrlLife(options.expiresInS);
    const { publicUrl, signingKey, clock } = this.options;
    const expiresAtS = Math.floor(clock.now() / 1000) + options.expiresInS;
    const url = typeof publicUrl === 'string' ? publicUrl : publicUrl();
    return buildSignedUrl(url, { key, expiresAtS, downloadName: options.downloadName }, signingKey);
  }

  async ping(): Promise<void> {
    await onDisk(this.disk.prepare());
  }

  async openSigned(request: SignedRequest): Promise<SignedAnswer> {
    const { signingKey, clock } = this.options;
    const grant = verifySignedUrl(request.key, request.query, signingKey, clock.now());
    if (grant === undefined || !isObjectKey(request.key)) throw signatureInvalid();
    const stored = await this.head(request.key);
    const lifeS = Math.max(0, grant.expiresAtS - Math.ceil(clock.now() / 1000));
    const headers = headersOf(stored, grant.downloadName, lifeS);
    const answer = answerTo(request, stored, headers);
    if (answer.read === undefined) return answer;
    const content = await onDisk(this.disk.openContent(request.key));
    if (content === undefined) throw await this.missing(request.key);
    const { first, last } = answer.read;
    const stream = content.createReadStream(last < first ? {} : { start: first, end: last });
    return { status: answer.status, headers: answer.headers, stream };
  }

  async removeOldest(limits: RetentionLimits): Promise<RemovedObjects> {
    return onDisk(removeOldest(this.disk, limits, this.options.clock.now()));
  }

  private async missing(key: string): Promise<AppError> {
    return (await onDisk(this.disk.isBuried(key))) ? artifactExpired(key) : objectNotFound(key);
  }
}

function headersOf(stored: StoredObject, downloadName: string | undefined, lifeS: number): Record<string, string> {
  return {
    'content-type': stored.mediaType,
    'content-length': String(stored.bytes),
    'content-disposition': attachmentDisposition(downloadName ?? fileNameOf(stored.key)),
    'accept-ranges': 'bytes',
    etag: `"${stored.sha256 ?? ''}"`,
    'last-modified': new Date(stored.storedAt).toUTCString(),
    'cache-control': `private, max-age=${lifeS}, immutable`,
    'x-content-type-options': 'nosniff',
  };
}

/** An answer whose content is still to be opened: `read` says which bytes, where any are to be sent. */
interface PlannedAnswer extends Omit<SignedAnswer, 'stream'> {
  readonly read?: ByteRange;
}

function answerTo(request: SignedRequest, stored: StoredObject, headers: Record<string, string>): PlannedAnswer {
  if (request.ifNoneMatch === headers['etag']) return { status: 304, headers: withoutLength(headers) };
  if (request.method === 'HEAD') return { status: 200, headers };
  const range = parseByteRange(request.range, stored.bytes);
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { 'content-range': `bytes */${stored.bytes}`, 'content-length': '0' } };
  }
  if (range === undefined) return { status: 200, headers, read: { first: 0, last: stored.bytes - 1 } };
  return { status: 206, headers: { ...headers, ...rangeHeaders(range, stored.bytes) }, read: range };
}

function rangeHeaders(range: ByteRange, bytes: number): Record<string, string> {
  return {
    'content-range': `bytes ${range.first}-${range.last}/${bytes}`,
    'content-length': String(range.last - range.first + 1),
  };
}

function withoutLength({ 'content-length': _length, ...rest }: Record<string, string>): Record<string, string> {
  return rest;
}

/** A disk that fails (full, unreadable) is our fault, not the caller's. */
async function onDisk<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof AppError ? error : storeUnavailable(error);
  }
}
