import { describe, expect, it } from '@jest/globals';
import { imageReaderOf } from './image-format.js';

describe('imageReaderOf', () => {
  it.each([
    ['png_pipe', '89504e470d0a1a0a0000000d49484452'],
    ['jpeg_pipe', 'ffd8ffe000104a464946'],
    ['webp_pipe', '524946461a0000005745425056503820'],
    ['bmp_pipe', '424d46000000'],
    ['gif', '474946383961'],
    [undefined, '52494646240800005741564566'],
    [undefined, Buffer.from('#EXTM3U\nfile:///etc/hostname').toString('hex')],
    [undefined, ''],
  ])('tells %s by the first bytes', (reader, hex) => {
    expect(imageReaderOf(Buffer.from(hex, 'hex'))).toBe(reader);
  });
});
