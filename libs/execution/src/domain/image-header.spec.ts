import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { imageFault, readImageHeader } from './image-header.js';
import { jpegOf, pngOf, webpOf } from '../testing/image-bytes.js';

describe("reading a picture's header", () => {
  it.each([
    ['PNG', pngOf(832, 480), 'image/png'],
    ['JPEG', jpegOf(832, 480), 'image/jpeg'],
    ['WebP, lossy', webpOf('VP8 ', 832, 480), 'image/webp'],
    ['WebP, lossless', webpOf('VP8L', 832, 480), 'image/webp'],
    ['WebP, extended', webpOf('VP8X', 832, 480), 'image/webp'],
  ])('%s', (_name, bytes, mediaType) => {
    expect(readImageHeader(bytes)).toEqual({ mediaType, width: 832, height: 480 });
    expect(imageFault(bytes)).toBeUndefined();
  });

  it.each([
    ['not a picture', new TextEncoder().encode('<html>not found</html>'), 'PNG, JPEG or WebP'],
    ['nothing', new Uint8Array(), 'PNG, JPEG or WebP'],
    ['a GIF', new TextEncoder().encode('GIF89a' + '0'.repeat(40)), 'PNG, JPEG or WebP'],
    ['too wide', pngOf(8_193, 10), '8192'],
    ['too high', webpOf('VP8X', 10, 8_193), '8192'],
    ['over 40 megapixels', pngOf(8_000, 5_001), '40 megapixels'],
    ['no pixels', pngOf(0, 10), 'no pixels'],
    ['over 20 MiB', new Uint8Array(20 * 1024 * 1024 + 1), '20 MiB'],
  ])('refuses %s', (_name, bytes, wanted) => {
    expect(imageFault(bytes)).toContain(wanted);
  });

  it('never throws, whatever the bytes', () => {
    const starts = [pngOf(1, 1), jpegOf(1, 1), webpOf('VP8X', 1, 1)];
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.nat(40), fc.uint8Array({ maxLength: 64 }), (start, cut, rest) => {
        const bytes = Uint8Array.from([...start.subarray(0, cut), ...rest]);
        expect(() => imageFault(bytes)).not.toThrow();
      }),
    );
  });
});
