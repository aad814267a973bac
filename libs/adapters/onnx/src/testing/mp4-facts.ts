import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Mp4Facts {
  readonly durationS: number;
  readonly codec: string;
  readonly pixelFormat: string;
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
}

/** Codec, pixel format, width, height. */
const PICTURE = /Video: (\w+)[^,]*, (\w+)(?:\([^)]*\))?, (\d+)x(\d+)/;

function told(ffmpeg: string, file: string): string {
  return spawnSync(ffmpeg, ['-hide_banner', '-i', file], { encoding: 'utf8' }).stderr;
}

function match(text: string, pattern: RegExp): string[] {
  const found = pattern.exec(text);
  if (found === null) throw new Error(`no ${pattern.source} in: ${text}`);
  return found.slice(1);
}

/** What ffmpeg tells of a video. */
export function mp4Facts(ffmpeg: string, file: string): Mp4Facts {
  const text = told(ffmpeg, file);
  const [hours, minutes, seconds] = match(text, /Duration: (\d+):(\d+):([\d.]+)/).map(Number);
  const [codec, pixelFormat, width, height] = match(text, PICTURE);
  const [framesPerSecond] = match(text, /([\d.]+) fps/);
  return {
    durationS: 3600 * (hours ?? NaN) + 60 * (minutes ?? NaN) + (seconds ?? NaN),
    codec: codec ?? '',
    pixelFormat: pixelFormat ?? '',
    width: Number(width),
    height: Number(height),
    framesPerSecond: Number(framesPerSecond),
  };
}

/** The facts of a single picture. */
export function pictureFacts(ffmpeg: string, file: string): Pick<Mp4Facts, 'codec' | 'width' | 'height'> {
  const [codec, , width, height] = match(told(ffmpeg, file), PICTURE);
  return { codec: codec ?? '', width: Number(width), height: Number(height) };
}

/** The top-level boxes of an MP4, in order. With `moov` before `mdat` a player starts before it has the whole file. */
export function mp4Boxes(file: string): string[] {
  const bytes = readFileSync(file);
  const boxes: string[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += bytes.readUInt32BE(at)) {
    boxes.push(bytes.toString('latin1', at + 4, at + 8));
    if (bytes.readUInt32BE(at) < 8) throw new Error(`a box of ${file} has no length`);
  }
  return boxes;
}
