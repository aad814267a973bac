/** Picture formats by the bytes they start with, and ffmpeg's reader for each. */
const IMAGE_FORMATS = [
  { reader: 'png_pipe', signature: [[0, '89504e470d0a1a0a']] },
  { reader: 'jpeg_pipe', signature: [[0, 'ffd8ff']] },
  {
    reader: 'webp_pipe',
    signature: [
      [0, '52494646'],
      [8, '57454250'],
    ],
  },
  { reader: 'bmp_pipe', signature: [[0, '424d']] },
  { reader: 'gif', signature: [[0, '47494638']] },
] as const;

/** Bytes from a file's start that tell its format. */
export const SIGNATURE_BYTES = 16;

/**
 * ffmpeg's reader for a picture, undefined where the bytes are none. Naming the reader keeps ffmpeg from taking a
 * play list for the task's image, which could make it read other files.
 */
export function imageReaderOf(start: Uint8Array): string | undefined {
  const hex = Buffer.from(start).toString('hex');
  const matches = ([offset, bytes]: readonly [number, string]): boolean => hex.startsWith(bytes, 2 * offset);
  return IMAGE_FORMATS.find(({ signature }) => signature.every(matches))?.reader;
}
