import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGatewayFixture, type GatewayFixture } from './testing/gateway-fixture.js';

const START_MS = 90_000;
const SIZE = 1_234;
let fixture: GatewayFixture;
let url: string;

beforeAll(async () => {
  fixture = await startGatewayFixture();
  await fixture.store.put('t/acme/1/1-1/video.mp4', new Uint8Array(SIZE), { mediaType: 'video/mp4' });
  url = await fixture.store.signedUrl('t/acme/1/1-1/video.mp4', { expiresInS: 60 });
}, START_MS);
afterAll(() => fixture?.close(), START_MS);

describe('a signed URL of a result', () => {
  it('HEAD tells the same length and type as GET, without the bytes', async () => {
    const [got, headed] = [await fetch(url), await fetch(url, { method: 'HEAD' })];
    expect((await got.arrayBuffer()).byteLength).toBe(SIZE);
    expect((await headed.arrayBuffer()).byteLength).toBe(0);
    expect(headed.status).toBe(200);
    for (const name of ['content-length', 'content-type', 'etag', 'accept-ranges'])
      expect([name, headed.headers.get(name)]).toEqual([name, got.headers.get(name)]);
    expect(headed.headers.get('content-length')).toBe(String(SIZE));
  });

  it('HEAD of what is unchanged is 304 and claims no length', async () => {
    const etag = (await fetch(url, { method: 'HEAD' })).headers.get('etag') ?? '';
    const unchanged = await fetch(url, { method: 'HEAD', headers: { 'if-none-match': etag } });
    expect([unchanged.status, unchanged.headers.get('content-length')]).toEqual([304, null]);
  });

  it('a range past the end is 416 and says how much there is', async () => {
    const outside = await fetch(url, { headers: { range: `bytes=${SIZE}-` } });
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, `bytes */${SIZE}`]);
    expect(await outside.json()).toMatchObject({ code: 'range_not_satisfiable' });
  });
});
