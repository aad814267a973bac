import { runFfmpeg, type FfmpegTools } from './ffmpeg-process.js';
import { rawInput, scaledTo, type PictureSize } from './picture-arguments.js';

/** A picture takes some 10 ms. */
const LIMIT_MS = 10_000;
/** ffmpeg's scale of JPEG quality: 2 best … 31 worst. */
const THUMBNAIL_QUALITY = '3';
const PREVIEW_QUALITY = '5';
/** The longer side of a preview, in pixels. */
const PREVIEW_SIDE = 208;

/** An rgb24 frame. */
export interface Picture extends PictureSize {
  readonly rgb: Uint8Array;
}

/** Writes a JPEG of the given size. Errors: `engine_crashed`. */
export async function writeThumbnail(
  tools: FfmpegTools,
  picture: Picture,
  size: PictureSize,
  path: string,
): Promise<void> {
  const output = [...scaledTo(size), '-frames:v', '1', '-q:v', THUMBNAIL_QUALITY, path];
  await runFfmpeg(tools, ['-y', ...rawInput(picture), '-i', '-', ...output], LIMIT_MS, picture.rgb);
}

/** A small JPEG for a progress display. Errors: `engine_crashed`. */
export function previewJpeg(tools: FfmpegTools, picture: Picture): Promise<Buffer> {
  const scaled = scaledTo(previewSize(picture));
  const output = [...scaled, '-frames:v', '1', '-q:v', PREVIEW_QUALITY, '-f', 'mjpeg', '-'];
  return runFfmpeg(tools, [...rawInput(picture), '-i', '-', ...output], LIMIT_MS, picture.rgb);
}

function previewSize({ width, height }: PictureSize): PictureSize {
  const scale = PREVIEW_SIDE / Math.max(width, height);
  const even = (length: number): number => Math.max(2, 2 * Math.round((length * scale) / 2));
  return { width: even(width), height: even(height) };
}
