import { open } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@millrace/kernel';
import { imageUnreadable } from '../engine-errors.js';
import type { Canvas } from '../rendering/canvas.js';
import { coverSize, type CoverImage } from '../rendering/image-backdrop.js';
import { FfmpegExit, runFfmpeg, type FfmpegTools } from './ffmpeg-process.js';
import { imageReaderOf, SIGNATURE_BYTES } from './image-format.js';

const LIMIT_MS = 20_000;
/** A picture of so many pixels takes about 160 MB to decode. */
const PIXELS_LIMIT = 40_000_000;

/** Decodes a picture to cover a canvas, cropped in the middle. Errors: `image_unreadable`. */
export async function loadCoverImage(tools: FfmpegTools, file: string, canvas: Canvas): Promise<CoverImage> {
  const reader = imageReaderOf(await startOf(file));
  if (reader === undefined) throw imageUnreadable('The image is not a PNG, JPEG, WebP, GIF or BMP picture; send one.');
  const { width, height } = coverSize(canvas);
  const input = ['-f', reader, '-max_pixels', `${PIXELS_LIMIT}`, '-i', `file:${path.resolve(file)}`];
  const fit = ['-vf', `scale=${width}:${height}:force_original_aspect_ratio=increase,crop=${width}:${height}`];
  const output = ['-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const rgb = await runFfmpeg(tools, [...input, ...fit, ...output], LIMIT_MS).catch((error: unknown) => {
    throw refusedPicture(error) ? imageUnreadable('The image can not be decoded; send another.', error) : error;
  });
  if (rgb.length !== 3 * width * height) throw imageUnreadable('The image holds no complete picture; send another.');
  return { width, height, rgb };
}

/** ffmpeg gave up on the picture by itself; one that was killed says nothing about it. */
function refusedPicture(error: unknown): boolean {
  return error instanceof AppError && error.cause instanceof FfmpegExit && error.cause.exitCode !== null;
}

async function startOf(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(SIGNATURE_BYTES), 0, SIGNATURE_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw imageUnreadable('The image can not be read; send it again.', cause);
  }
}
