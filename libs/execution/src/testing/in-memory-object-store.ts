import { createHash } from 'node:crypto';
import { AppError, type Clock } from '@millrace/kernel';
import type { ObjectBody, ObjectStore, StoredObject } from '../engine/ports/object-store.port.js';

/** An object store with what a test wants to look at and to break. */
export interface InMemoryObjectStore extends ObjectStore {
  keys(): readonly string[];
  /** From now on each call asks first; what it throws, the call rejects with. Undefined ends the fault. */
  intercept(check: ((call: 'put' | 'get' | 'head' | 'delete', key: string) => void) | undefined): void;
}

/** Objects in memory. A body given as a path is stored as the path's own bytes: files are not read. */
export function createInMemoryObjectStore(clock: Clock): InMemoryObjectStore {
  const objects = new Map<string, { readonly stored: StoredObject; readonly bytes: Uint8Array }>();
  let check: ((call: 'put' | 'get' | 'head' | 'delete', key: string) => void) | undefined;
  const find = (call: 'get' | 'head', key: string): { stored: StoredObject; bytes: Uint8Array } => {
    check?.(call, key);
    const found = objects.get(key);
    if (found === undefined) throw fault('not-found', 'object_not_found', key);
    return found;
  };
  return {
    put: async (key, body, { mediaType }) => {
      check?.('put', key);
      if (objects.has(key)) throw fault('conflict', 'object_exists', key);
      const bytes = bytesOf(body);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const stored = { key, bytes: bytes.length, sha256, mediaType, storedAt: clock.now() };
      objects.set(key, { stored, bytes });
      return stored;
    },
    get: async (key) => find('get', key).bytes.slice(),
    head: async (key) => find('head', key).stored,
    delete: async (keys) => {
      for (const key of keys) check?.('delete', key);
      for (const key of keys) objects.delete(key);
    },
    list: async (prefix, { limit, after = '' }) =>
      [...objects.values()]
        .map(({ stored }) => stored)
        .filter(({ key }) => key.startsWith(prefix) && key > after)
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .slice(0, limit),
    signedUrl: async (key, { expiresInS }) => `memory:///${key}?expires=${expiresInS}`,
    ping: async () => {},
    keys: () => [...objects.keys()].sort(),
    intercept: (next) => {
      check = next;
    },
  };
}

function bytesOf(body: ObjectBody): Uint8Array {
  return body instanceof Uint8Array ? body.slice() : new TextEncoder().encode(body.path);
}

function fault(kind: 'not-found' | 'conflict', code: string, key: string): AppError {
  return new AppError({ kind, code, message: `${code}: ${key}`, retriable: false });
}
