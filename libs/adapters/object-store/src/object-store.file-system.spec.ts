import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { objectStoreConformance } from '@millrace/execution/testing';
import { AppError, VirtualClock } from '@millrace/kernel';
import { createFileObjectStore, type FileObjectStore, type SignedAnswer } from './index.js';

const SIGNING_KEY = new Uint8Array(32).fill(7);
const STATUS_BY_KIND: Partial<Record<string, number>> = { forbidden: 403, 'not-found': 404, precondition: 410 };

interface Served {
  readonly store: FileObjectStore;
  readonly clock: VirtualClock;
  readonly directory: string;
  close(): Promise<void>;
}

/** A file store in a fresh folder, with a server of its signed URLs as a gateway has one. */
async function serveFileStore(): Promise<Served> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-objects-'));
  const clock = new VirtualClock();
  let publicUrl = '';
  const store = createFileObjectStore({ directory, publicUrl: () => publicUrl, signingKey: SIGNING_KEY, clock });
  const server = createServer((request, response) => void answer(store, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    await closed(server);
    await rm(directory, { recursive: true, force: true });
  };
  return { store, clock, directory, close };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function answer(store: FileObjectStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', 'http://localhost');
  try {
    const { status, headers, stream } = await store.openSigned({
      method: request.method === 'HEAD' ? 'HEAD' : 'GET',
      key: decodeURIComponent(url.pathname.replace('/objects/', '')),
      query: Object.fromEntries(url.searchParams),
      range: request.headers.range,
      ifNoneMatch: request.headers['if-none-match'],
    });
    response.writeHead(status, headers);
    if (stream === undefined) response.end();
    else stream.pipe(response);
  } catch (error) {
    response.writeHead((error instanceof AppError && STATUS_BY_KIND[error.kind]) || 500).end();
  }
}

objectStoreConformance('file system', async () => {
  const { store, clock, directory, close } = await serveFileStore();
  let files = 0;
  return {
    store,
    passTime: (durationMs) => clock.advance(durationMs),
    close,
    writeFile: async (bytes) => {
      const path = join(directory, `outside-${files++}`);
      await writeFile(path, bytes);
      return path;
    },
  };
});

describe('file system object store', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serveFileStore();
  });
  afterAll(() => served.close());

  const put = (key: string, bytes = 10): Promise<unknown> =>
    served.store.put(key, new Uint8Array(bytes), { mediaType: 'video/mp4' });
  const open = async (key: string, extra: object = {}): Promise<SignedAnswer> => {
    const url = new URL(await served.store.signedUrl(key, { expiresInS: 60 }));
    return served.store.openSigned({ method: 'GET', key, query: Object.fromEntries(url.searchParams), ...extra });
  };

  it('keeps objects apart whose keys are the start of one another', async () => {
    await put('p/a', 1);
    await put('p/a/b', 2);
    await put('p/a/content', 3);
    const listed = await served.store.list('p/', { limit: 10 });
    expect(listed.map(({ key, bytes }) => [key, bytes])).toEqual([
      ['p/a', 1],
      ['p/a/b', 2],
      ['p/a/content', 3],
    ]);
  });

  it('leaves no unfinished files and no empty folders behind', async () => {
    await put('gone/x/y');
    await expect(put('gone/x/y')).rejects.toMatchObject({ code: 'object_exists' });
    await served.store.delete(['gone/x/y']);
    expect(await readdir(join(served.directory, 'incoming'))).toEqual([]);
    expect(await readdir(join(served.directory, 'objects'))).not.toContain('gone');
  });

  it('answers HEAD and a matching If-None-Match without a body', async () => {
    await put('head.mp4');
    const head = await open('head.mp4', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '10' } });
    expect(head.stream).toBeUndefined();
    const unchanged = await open('head.mp4', { ifNoneMatch: head.headers['etag'] });
    expect(unchanged.status).toBe(304);
    expect(unchanged.stream).toBeUndefined();
  });

  it('forces a download under the last segment of the key by default', async () => {
    await put('t/acme/video.mp4');
    const { headers } = await open('t/acme/video.mp4', { method: 'HEAD' });
    expect(headers['content-disposition']).toBe('attachment; filename="video.mp4"');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('refuses a signature made for another download name', async () => {
    await put('named.mp4');
    await expect(open('named.mp4', { query: { expires: '1', signature: 'zz' } })).rejects.toMatchObject({
      code: 'signature_invalid',
    });
    const url = new URL(await served.store.signedUrl('named.mp4', { expiresInS: 60, downloadName: 'a.mp4' }));
    const query = { ...Object.fromEntries(url.searchParams), download: 'b.html' };
    await expect(served.store.openSigned({ method: 'GET', key: 'named.mp4', query })).rejects.toMatchObject({
      code: 'signature_invalid',
    });
  });
});

describe('retention by size', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serveFileStore();
  });
  afterAll(() => served.close());

  it('removes the oldest down to the limit, spares the young, and answers artifact_expired after', async () => {
    const { store, clock } = served;
    for (const name of ['1-old', '2-older-than-limit', '3-middle', '4-young']) {
      await store.put(`r/${name}`, new Uint8Array(100), { mediaType: 'video/mp4' });
      await clock.advance(60_000);
    }
    const limits = { limitBytes: 150, batch: 2, minimumAgeMs: 90_000 };
    expect(await store.removeOldest(limits)).toEqual({
      removed: ['r/1-old', 'r/2-older-than-limit'],
      bytesRemoved: 200,
      bytesLeft: 200,
    });
    expect((await store.removeOldest(limits)).removed).toEqual(['r/3-middle']);
    expect((await store.removeOldest({ ...limits, limitBytes: 0 })).removed).toEqual([]);
    await expect(store.get('r/1-old')).rejects.toMatchObject({ code: 'artifact_expired', kind: 'precondition' });
    const gone = await fetch(await store.signedUrl('r/1-old', { expiresInS: 60 }));
    expect(gone.status).toBe(410);
    expect((await store.list('r/', { limit: 10 })).map(({ key }) => key)).toEqual(['r/4-young']);
  });

  it('forgets a removed object when it is deleted', async () => {
    await served.store.delete(['r/1-old']);
    await expect(served.store.get('r/1-old')).rejects.toMatchObject({ code: 'object_not_found' });
  });
});
