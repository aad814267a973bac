import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ObjectStore } from '../engine/ports/index.js';

/** A store under test, empty at first, and the world around it. */
export interface ObjectStoreUnderTest {
  readonly store: ObjectStore;
  /** Writes a file outside the store and returns its path. */
  writeFile(bytes: Uint8Array): Promise<string>;
  /** Lets so much time pass for the store's signed URLs: virtual, or real where the server owns the clock. */
  passTime(durationMs: number): Promise<void>;
  close(): Promise<void>;
}

const WRITERS = 12;
const LARGE_BYTES = 10 * 1024 * 1024;
const TEXT = { mediaType: 'text/plain' };

/** What every adapter of the object store port must do (issue point 6; guarantees.md sections 1 and 4). */
export function objectStoreConformance(name: string, factory: () => Promise<ObjectStoreUnderTest>): void {
  describe(`object store conformance: ${name}`, () => {
    let world: ObjectStoreUnderTest;
    let made = 0;
    const freshKey = (fileName = 'object.txt'): string => `t/acme/task-${made++}/1-1/${fileName}`;

    beforeAll(async () => {
      world = await factory();
    });
    afterAll(async () => {
      await world?.close();
    });

    const fetchSigned = async (key: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(await world.store.signedUrl(key, { expiresInS: 60 }), { headers });

    describe('writing and reading', () => writingAndReading(() => world, freshKey));
    describe('create once', () => createOnce(() => world, freshKey));
    describe('keys', () => keys(() => world, freshKey));
    describe('lists and deletes', () => listsAndDeletes(() => world, freshKey));
    describe('signed URLs', () => {
      servesSignedUrls(() => world, freshKey, fetchSigned);
      refusesBadUrls(() => world, freshKey);
    });
  });
}

type World = () => ObjectStoreUnderTest;
type FreshKey = (fileName?: string) => string;

function writingAndReading(world: World, freshKey: FreshKey): void {
  it('gives back the bytes and the facts of an object', async () => {
    const key = freshKey();
    const stored = await world().store.put(key, bytesOf('a red ball'), TEXT);
    expect(stored).toMatchObject({ key, bytes: 10, mediaType: 'text/plain', sha256: sha256(bytesOf('a red ball')) });
    expect(textOf(await world().store.get(key))).toBe('a red ball');
    expect(await world().store.head(key)).toMatchObject({ key, bytes: 10, mediaType: 'text/plain' });
  });

  it('stores a file by its path', async () => {
    const key = freshKey('video.mp4');
    const content = patterned(300_000);
    const path = await world().writeFile(content);
    const stored = await world().store.put(key, { path }, { mediaType: 'video/mp4' });
    expect(stored).toMatchObject({ bytes: 300_000, sha256: sha256(content) });
    expect(sha256(await world().store.get(key))).toBe(sha256(content));
  });

  it('stores 10 MB and an empty object', async () => {
    const [large, empty] = [freshKey(), freshKey()];
    const content = patterned(LARGE_BYTES);
    await world().store.put(large, content, { mediaType: 'application/octet-stream' });
    await world().store.put(empty, new Uint8Array(), TEXT);
    expect(sha256(await world().store.get(large))).toBe(sha256(content));
    expect((await world().store.get(empty)).byteLength).toBe(0);
  });

  it('says that a missing object is missing', async () => {
    const missing = { code: 'object_not_found', kind: 'not-found' };
    await expect(world().store.get(freshKey())).rejects.toMatchObject(missing);
    await expect(world().store.head(freshKey())).rejects.toMatchObject(missing);
  });

  it('answers a ping', async () => {
    await expect(world().store.ping()).resolves.toBeUndefined();
  });
}

function createOnce(world: World, freshKey: FreshKey): void {
  it('lets exactly one of 12 writers of a key win, and keeps the bytes of that one', async () => {
    const key = freshKey();
    const bodies = Array.from({ length: WRITERS }, (_, writer) => patterned(50_000, writer));
    const outcomes = await Promise.allSettled(bodies.map((body) => world().store.put(key, body, TEXT)));
    const winners = outcomes.flatMap((outcome, writer) => (outcome.status === 'fulfilled' ? [writer] : []));
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'object_exists', kind: 'conflict' });
    }
    expect(sha256(await world().store.get(key))).toBe(sha256(bodies[winners[0] ?? -1] ?? new Uint8Array()));
  });

  it('never overwrites', async () => {
    const key = freshKey();
    await world().store.put(key, bytesOf('first'), TEXT);
    await expect(world().store.put(key, bytesOf('second'), TEXT)).rejects.toMatchObject({ code: 'object_exists' });
    expect(textOf(await world().store.get(key))).toBe('first');
  });

  it('shows a reader the whole object or none while it is written', async () => {
    const key = freshKey();
    let written = false;
    const write = world()
      .store.put(key, patterned(LARGE_BYTES), { mediaType: 'application/octet-stream' })
      .finally(() => (written = true));
    const seen = new Set<number>();
    while (!written) {
      const content = await world()
        .store.get(key)
        .catch(() => undefined);
      if (content !== undefined) seen.add(content.byteLength);
    }
    await write;
    seen.add((await world().store.get(key)).byteLength);
    expect([...seen]).toEqual([LARGE_BYTES]);
  });
}

function keys(world: World, freshKey: FreshKey): void {
  it.each([
    '',
    '/',
    'a//b',
    '/etc/passwd',
    'a/',
    '..',
    '../secret',
    'a/../b',
    'a/./b',
    'a\\..\\b',
    'a b',
    'a%2e%2e',
    'ä',
    'a\0b',
    'a~',
    'x'.repeat(513),
  ])('refuses the key %j everywhere', async (key) => {
    const refused = { kind: 'validation' };
    await expect(world().store.put(key, bytesOf('x'), TEXT)).rejects.toMatchObject(refused);
    await expect(world().store.get(key)).rejects.toMatchObject(refused);
    await expect(world().store.head(key)).rejects.toMatchObject(refused);
    await expect(world().store.delete([key])).rejects.toMatchObject(refused);
    await expect(world().store.signedUrl(key, { expiresInS: 60 })).rejects.toMatchObject(refused);
  });

  it('takes dots and dashes inside a segment', async () => {
    const key = freshKey('..a-b_c...D.mp4');
    await world().store.put(key, bytesOf('ok'), TEXT);
    expect(textOf(await world().store.get(key))).toBe('ok');
  });
}

function listsAndDeletes(world: World, freshKey: FreshKey): void {
  it('lists in key order, page by page, under the prefix only', async () => {
    const prefix = freshKey('');
    const names = ['a/1', 'a/2', 'a-b', 'b', 'b.c/1', 'c/d/e', 'z'];
    for (const name of [...names].reverse()) await world().store.put(prefix + name, bytesOf(name), TEXT);
    await world().store.put(freshKey('elsewhere'), bytesOf('x'), TEXT);
    const wanted = names.map((name) => prefix + name).sort();
    const listed: string[] = [];
    for (let after: string | undefined; ; after = listed.at(-1)) {
      const page = await world().store.list(prefix, { limit: 3, ...(after === undefined ? {} : { after }) });
      listed.push(...page.map(({ key }) => key));
      if (page.length < 3) break;
    }
    expect(listed).toEqual(wanted);
    expect(await world().store.list(`${prefix}a/`, { limit: 1 })).toMatchObject([
      { key: `${prefix}a/1`, bytes: 3, mediaType: 'text/plain' },
    ]);
  });

  it('deletes many, and a missing one without an error', async () => {
    const [first, second, missing] = [freshKey(), freshKey(), freshKey()];
    await world().store.put(first, bytesOf('1'), TEXT);
    await world().store.put(second, bytesOf('2'), TEXT);
    await world().store.delete([first, missing, second]);
    await world().store.delete([first]);
    await expect(world().store.get(first)).rejects.toMatchObject({ code: 'object_not_found' });
    await expect(world().store.head(second)).rejects.toMatchObject({ code: 'object_not_found' });
  });
}

function servesSignedUrls(
  world: World,
  freshKey: FreshKey,
  fetchSigned: (key: string, headers?: Record<string, string>) => Promise<Response>,
): void {
  it('serves the object to whoever has the URL, with type, length and ranges', async () => {
    const key = freshKey('video.mp4');
    const content = patterned(100_000);
    await world().store.put(key, content, { mediaType: 'video/mp4' });
    const answer = await fetchSigned(key);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('video/mp4');
    expect(answer.headers.get('content-length')).toBe('100000');
    expect(answer.headers.get('accept-ranges')).toBe('bytes');
    expect(answer.headers.get('etag')).toBeTruthy();
    expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(sha256(content));
  });

  it.each([
    ['bytes=0-99', 0, 100],
    ['bytes=500-', 500, 1000],
    ['bytes=-100', 900, 1000],
    ['bytes=990-5000', 990, 1000],
  ])('serves the range %s', async (range, from, to) => {
    const key = freshKey('video.mp4');
    const content = patterned(1000);
    await world().store.put(key, content, { mediaType: 'video/mp4' });
    const answer = await fetchSigned(key, { range });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/1000`);
    expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([...content.subarray(from, to)]);
  });

  it('answers 416 to a range outside the object', async () => {
    const key = freshKey();
    await world().store.put(key, bytesOf('short'), TEXT);
    const answer = await fetchSigned(key, { range: 'bytes=100-200' });
    expect(answer.status).toBe(416);
    await answer.body?.cancel();
  });

  it('offers a download with the file name asked for', async () => {
    const key = freshKey('video.mp4');
    await world().store.put(key, bytesOf('x'), { mediaType: 'video/mp4' });
    const answer = await fetch(await world().store.signedUrl(key, { expiresInS: 60, downloadName: 'red ball.mp4' }));
    await answer.arrayBuffer();
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="red ball.mp4"');
  });
}

function refusesBadUrls(world: World, freshKey: FreshKey): void {
  it('refuses a tampered URL: another key, another expiry, another signature, none', async () => {
    const [mine, other] = [freshKey('a.txt'), freshKey('b.txt')];
    await world().store.put(mine, bytesOf('mine'), TEXT);
    await world().store.put(other, bytesOf('secret'), TEXT);
    const signed = await world().store.signedUrl(mine, { expiresInS: 60 });
    for (const forged of forgeriesOf(signed, mine, other)) {
      const answer = await fetch(forged);
      expect(answer.status).toBe(403);
      expect(await answer.text()).not.toContain('secret');
    }
  });

  it('refuses an expired URL', async () => {
    const key = freshKey();
    await world().store.put(key, bytesOf('x'), TEXT);
    const signed = await world().store.signedUrl(key, { expiresInS: 1 });
    await world().passTime(2500);
    const answer = await fetch(signed);
    expect(answer.status).toBe(403);
    await answer.body?.cancel();
  });

  it.each([0, -1, 7 * 24 * 3600 + 1, 1.5, NaN])('refuses to sign for %d seconds', async (expiresInS) => {
    await expect(world().store.signedUrl(freshKey(), { expiresInS })).rejects.toMatchObject({ kind: 'validation' });
  });
}

/** The URL with each part changed that the signature must cover. */
function forgeriesOf(signed: string, key: string, otherKey: string): readonly string[] {
  const url = new URL(signed);
  const changed = [signed.replace(key, otherKey), `${url.origin}${url.pathname}`];
  for (const [name, value] of url.searchParams) {
    if (!/expires|signature/i.test(name)) continue;
    const forged = new URL(signed);
    forged.searchParams.set(name, /^\d+$/.test(value) ? String(Number(value) + 1) : value.replace(/.$/, otherDigit));
    changed.push(forged.href);
  }
  return changed;
}

function otherDigit(digit: string): string {
  return digit === '0' ? '1' : '0';
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Bytes that differ from place to place, so that a shifted range is seen. */
function patterned(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + seed) & 0xff;
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
