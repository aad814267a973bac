import { describe, expect, it } from '@jest/globals';
import { createFakeImageFiles, createFakeImageTransport, pngOf } from '../testing/index.js';
import { CachedImageSource, IMAGE_CACHE_MAX } from './cached-image-source.js';

const urlOf = (index: number): string => `https://example.com/${index}.png`;
const picture = pngOf(64, 64);

function createSource(answers: Record<string, Uint8Array>) {
  const transport = createFakeImageTransport(answers);
  const files = createFakeImageFiles();
  return { transport, files, source: new CachedImageSource(transport, files) };
}

describe('WRK-16: the picture cache', () => {
  it('downloads a URL once, also for two that ask at once', async () => {
    const { source, transport } = createSource({ [urlOf(1)]: picture });
    const [first, second] = await Promise.all([source.fetch(urlOf(1)), source.fetch(urlOf(1))]);
    expect(await source.fetch(urlOf(1))).toBe(first);
    expect(second).toBe(first);
    expect(transport.downloads).toHaveLength(1);
  });

  it('keeps the last hundred, least recently used out first', async () => {
    const urls = Array.from({ length: IMAGE_CACHE_MAX + 1 }, (_, index) => urlOf(index));
    const { source, transport, files } = createSource(Object.fromEntries(urls.map((url) => [url, picture])));
    for (const url of urls.slice(0, -1)) await source.fetch(url);
    await source.fetch(urlOf(0));
    await source.fetch(urlOf(IMAGE_CACHE_MAX));
    expect(files.names.size).toBe(IMAGE_CACHE_MAX);
    const before = transport.downloads.length;
    await source.fetch(urlOf(0));
    expect(transport.downloads).toHaveLength(before);
    await source.fetch(urlOf(1));
    expect(transport.downloads).toHaveLength(before + 1);
  });

  it('refuses what is not a picture before it is written, and asks anew next time', async () => {
    const { source, transport, files } = createSource({ [urlOf(1)]: new TextEncoder().encode('<html>') });
    await expect(source.fetch(urlOf(1))).rejects.toMatchObject({ code: 'image_unreadable', retriable: false });
    await expect(source.fetch(urlOf(1))).rejects.toMatchObject({ code: 'image_unreadable' });
    expect(transport.downloads).toHaveLength(2);
    expect(files.names.size).toBe(0);
  });
});
