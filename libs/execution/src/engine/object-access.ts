import { AppError, backoffMs, sleep, type BackoffPolicy, type Clock, type Rng } from '@millrace/kernel';
import type { ObjectBody, ObjectStore, StoredObject } from './ports/object-store.port.js';

const TRIES_MAX = 5;
/** Objects in one page of a list. */
const PAGE_SIZE = 1_000;
const PAGES_MAX = 10;
const BACKOFF: BackoffPolicy = { initialMs: 200, maxMs: 5_000, factor: 2, jitter: 0.2 };

export interface ObjectAccessOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly rng: Rng;
}

/** The object store as an attempt uses it: tries again while the store is away, and gives up when the attempt is stopped. */
export class ObjectAccess {
  constructor(private readonly options: ObjectAccessOptions) {}

  /**
   * Stores an object of this attempt. One of the same key and size that is already there is the one an earlier try
   * stored, since no other attempt writes under the prefix.
   */
  async put(key: string, body: ObjectBody, mediaType: string, bytes: number, signal: AbortSignal): Promise<void> {
    const { store } = this.options;
    await this.retrying(signal, async () => {
      try {
        await store.put(key, body, { mediaType });
      } catch (error) {
        if (!isCode(error, 'object_exists')) throw error;
        const stored: StoredObject = await store.head(key);
        if (stored.bytes !== bytes) throw error;
      }
    });
  }

  async get(key: string, signal: AbortSignal): Promise<Uint8Array> {
    return this.retrying(signal, () => this.options.store.get(key));
  }

  /** Deletes the objects under a prefix that are meant; of very many, the first 10,000 looked at. */
  async deleteUnder(prefix: string, isMeant: (key: string) => boolean, signal: AbortSignal): Promise<void> {
    const { store } = this.options;
    let after: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const from = after === undefined ? {} : { after };
      const found = await this.retrying(signal, () => store.list(prefix, { limit: PAGE_SIZE, ...from }));
      const keys = found.map(({ key }) => key).filter(isMeant);
      if (keys.length > 0) await this.retrying(signal, () => store.delete(keys));
      if (found.length < PAGE_SIZE) return;
      after = found.at(-1)?.key;
    }
  }

  private async retrying<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const { clock, rng } = this.options;
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted();
      try {
        return await orAborted(work(), signal);
      } catch (error) {
        if (signal.aborted || tries >= TRIES_MAX || !isRetriable(error)) throw error;
        await sleep(clock, backoffMs(BACKOFF, tries, rng), signal);
      }
    }
  }
}

/** `work`, or a rejection with the signal's reason as soon as it aborts; the work itself is left to end by itself. */
export function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** An error that is no AppError is a fault of the connection, which may pass. */
function isRetriable(error: unknown): boolean {
  return !(error instanceof AppError) || error.retriable;
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof AppError && error.code === code;
}
