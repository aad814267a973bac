import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { AppError, Clock, IdGenerator } from '@millrace/kernel';
import type { ObjectBody, ObjectStore, PutOptions, SignedUrlOptions, StoredObject } from '@millrace/execution/ports';
import { attachmentDisposition } from './content-disposition.js';
import { assertObjectKey, fileNameOf } from './object-key.js';
import { artifactExpired, assertUrlLife, objectExists, objectNotFound } from './object-store-errors.js';
import { attemptsOf, isMissing, isTaken, toUnavailable } from './s3-errors.js';

const DELETE_BATCH_MAX = 1000;
const LIST_LIMIT_MAX = 1000;
const HEAD_CONCURRENCY_MAX = 16;
const ATTEMPTS_MAX = 4;
const CONNECT_TIMEOUT_MS = 5_000;
const SOCKET_TIMEOUT_MS = 30_000;
/** `~` stands in no key: tombstones and objects never meet, and tombstones sort behind all objects. */
const TOMBSTONE_PREFIX = '~removed/';

export interface S3ObjectStoreOptions {
  /** Without one: AWS. With one: path-style requests to it. */
  readonly endpoint?: string;
  /** Where clients reach the server, for signed URLs, when it differs from `endpoint`. */
  readonly publicEndpoint?: string;
  readonly bucket: string;
  readonly region: string;
  /** Without one: the SDK's own chain (environment, profile, instance role). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly clock: Clock;
  readonly ids: IdGenerator;
}

/** The object store on S3 or a server that speaks its protocol: the port, and what set-up and retention need. */
export interface S3ObjectStore extends ObjectStore {
  /** Makes the bucket when it is missing. Private, as S3's default is. */
  ensureBucket(): Promise<void>;
  /** Removes objects by retention: their keys answer `artifact_expired` from then on. */
  expire(keys: readonly string[]): Promise<void>;
  close(): void;
}

export function createS3ObjectStore(options: S3ObjectStoreOptions): S3ObjectStore {
  return new S3Store(options);
}

class S3Store implements S3ObjectStore {
  private readonly client: S3Client;
  /** Signs URLs for the address that clients see; sends nothing. */
  private readonly signer: S3Client;

  constructor(private readonly options: S3ObjectStoreOptions) {
    this.client = clientFor(options, options.endpoint);
    const publicEndpoint = options.publicEndpoint ?? options.endpoint;
    this.signer = publicEndpoint === options.endpoint ? this.client : clientFor(options, publicEndpoint);
  }

  async put(key: string, body: ObjectBody, options: PutOptions): Promise<StoredObject> {
    assertObjectKey(key);
    const putId = this.options.ids.next();
    const content = await measure(body);
    try {
      await this.client.send(
        new PutObjectCommand({
          ...this.at(key),
          Body: body instanceof Uint8Array ? body : createReadStream(body.path),
          ContentLength: content.bytes,
          ContentType: options.mediaType,
          IfNoneMatch: '*',
          Metadata: { sha256: content.sha256, 'put-id': putId },
        }),
      );
    } catch (error) {
      if (!isTaken(error)) throw toUnavailable(error);
      if (attemptsOf(error) === 1 || !(await this.isOurs(key, putId))) throw objectExists(key, error);
    }
    return { key, ...content, mediaType: options.mediaType, storedAt: this.options.clock.now() };
  }

  async get(key: string): Promise<Uint8Array> {
    assertObjectKey(key);
    try {
      const answer = await this.client.send(new GetObjectCommand(this.at(key)));
      return (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
    } catch (error) {
      throw await this.readError(key, error);
    }
  }

  async head(key: string): Promise<StoredObject> {
    assertObjectKey(key);
    try {
      return toStoredObject(key, await this.client.send(new HeadObjectCommand(this.at(key))));
    } catch (error) {
      throw await this.readError(key, error);
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    keys.forEach(assertObjectKey);
    await this.deleteRaw(keys.flatMap((key) => [key, TOMBSTONE_PREFIX + key]));
  }

  /** S3 lists no media type: each object of the page costs one HEAD, 16 at a time. */
  async list(prefix: string, page: { limit: number; after?: string }): Promise<readonly StoredObject[]> {
    if (page.limit < 1) return [];
    const answer = await orUnavailable(
      this.client.send(
        new ListObjectsV2Command({
          Bucket: this.options.bucket,
          Prefix: prefix,
          MaxKeys: Math.min(page.limit, LIST_LIMIT_MAX),
          ...(page.after === undefined ? {} : { StartAfter: page.after }),
        }),
      ),
    );
    const keys = (answer.Contents ?? []).flatMap(({ Key }) => (Key === undefined || isTombstone(Key) ? [] : [Key]));
    const found: StoredObject[] = [];
    for (let at = 0; at < keys.length; at += HEAD_CONCURRENCY_MAX) {
      const heads = await Promise.all(keys.slice(at, at + HEAD_CONCURRENCY_MAX).map((key) => this.headIfThere(key)));
      found.push(...heads.filter((head) => head !== undefined));
    }
    return found;
  }

  async signedUrl(key: string, options: SignedUrlOptions): Promise<string> {
    assertObjectKey(key);
    assertUrlLife(options.expiresInS);
    const disposition = attachmentDisposition(options.downloadName ?? fileNameOf(key));
    const command = new GetObjectCommand({ ...this.at(key), ResponseContentDisposition: disposition });
    return getSignedUrl(this.signer, command, {
      expiresIn: options.expiresInS,
      signingDate: new Date(this.options.clock.now()),
    });
  }

  async ping(): Promise<void> {
    await orUnavailable(this.client.send(new HeadBucketCommand({ Bucket: this.options.bucket })));
  }

  async ensureBucket(): Promise<void> {
    const bucket = { Bucket: this.options.bucket };
    try {
      await this.client.send(new HeadBucketCommand(bucket));
    } catch (error) {
      if (!isMissing(error)) throw toUnavailable(error);
      await this.client.send(new CreateBucketCommand(bucket)).catch((raced: unknown) => {
        if (!isTaken(raced)) throw toUnavailable(raced);
      });
    }
  }

  async expire(keys: readonly string[]): Promise<void> {
    keys.forEach(assertObjectKey);
    for (const key of keys) {
      await orUnavailable(
        this.client.send(new PutObjectCommand({ ...this.at(TOMBSTONE_PREFIX + key), Body: new Uint8Array() })),
      );
    }
    await this.deleteRaw(keys);
  }

  close(): void {
    this.client.destroy();
    this.signer.destroy();
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.options.bucket, Key: key };
  }

  private async deleteRaw(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += DELETE_BATCH_MAX) {
      const batch = keys.slice(at, at + DELETE_BATCH_MAX).map((Key) => ({ Key }));
      const answer = await orUnavailable(
        this.client.send(
          new DeleteObjectsCommand({ Bucket: this.options.bucket, Delete: { Objects: batch, Quiet: true } }),
        ),
      );
      const failed = answer.Errors?.find(({ Code }) => Code !== 'NoSuchKey');
      if (failed !== undefined) throw toUnavailable(new Error(`${failed.Key}: ${failed.Code} ${failed.Message}`));
    }
  }

  private async headIfThere(key: string): Promise<StoredObject | undefined> {
    try {
      return toStoredObject(key, await this.client.send(new HeadObjectCommand(this.at(key))));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw toUnavailable(error);
    }
  }

  /** A put that the SDK sent twice meets its own first copy: then it has won, not lost. */
  private async isOurs(key: string, putId: string): Promise<boolean> {
    const answer = await orUnavailable(this.client.send(new HeadObjectCommand(this.at(key))));
    return answer.Metadata?.['put-id'] === putId;
  }

  private async readError(key: string, error: unknown): Promise<AppError> {
    if (!isMissing(error)) return toUnavailable(error);
    const buried = await this.headIfThere(TOMBSTONE_PREFIX + key);
    return buried === undefined ? objectNotFound(key, error) : artifactExpired(key);
  }
}

function clientFor(options: S3ObjectStoreOptions, endpoint: string | undefined): S3Client {
  return new S3Client({
    region: options.region,
    maxAttempts: ATTEMPTS_MAX,
    // Other servers than AWS know no trailing checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SOCKET_TIMEOUT_MS },
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  });
}

async function measure(body: ObjectBody): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  if (body instanceof Uint8Array) return { bytes: body.byteLength, sha256: hash.update(body).digest('hex') };
  await pipeline(createReadStream(body.path), hash);
  return { bytes: (await stat(body.path)).size, sha256: hash.digest('hex') };
}

function toStoredObject(key: string, answer: HeadObjectCommandOutput): StoredObject {
  const sha256 = answer.Metadata?.['sha256'];
  return {
    key,
    bytes: answer.ContentLength ?? 0,
    mediaType: answer.ContentType ?? 'application/octet-stream',
    storedAt: answer.LastModified?.getTime() ?? 0,
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}

function isTombstone(key: string): boolean {
  return key.startsWith(TOMBSTONE_PREFIX);
}

async function orUnavailable<Answer>(work: Promise<Answer>): Promise<Answer> {
  try {
    return await work;
  } catch (error) {
    throw toUnavailable(error);
  }
}
