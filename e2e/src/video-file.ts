import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import ffmpeg from '@ffmpeg-installer/ffmpeg';

export interface VideoFacts {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly durationS: number;
}

type Rgb = readonly [number, number, number];

/** Looks at an MP4 with ffmpeg, as a player would. */
export async function inspectVideo(bytes: Uint8Array): Promise<VideoFacts> {
  const { stderr } = await onFile(bytes, (file) => run(['-hide_banner', '-i', file]));
  const stream = /Video: (\w+).*?, (\d+)x(\d+)/.exec(stderr);
  const duration = /Duration: (\d+):(\d+):([\d.]+)/.exec(stderr);
  if (stream === null || duration === null) throw new Error(`no video: ${stderr}`);
  const [, hours = '0', minutes = '0', seconds = '0'] = duration;
  return {
    codec: stream[1] ?? '',
    width: Number(stream[2]),
    height: Number(stream[3]),
    durationS: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds),
  };
}

/** One frame at `atS` as 24-bit RGB pixels of the given size. */
export async function frameAt(bytes: Uint8Array, atS: number, width: number, height: number): Promise<readonly Rgb[]> {
  const { stdout } = await onFile(bytes, (file) =>
    run([
      '-loglevel',
      'error',
      '-ss',
      String(atS),
      '-i',
      file,
      '-frames:v',
      '1',
      '-vf',
      `scale=${width}:${height}`,
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      '-',
    ]),
  );
  return Array.from({ length: width * height }, (_, index): Rgb => [
    stdout[3 * index] ?? 0,
    stdout[3 * index + 1] ?? 0,
    stdout[3 * index + 2] ?? 0,
  ]);
}

/** Share of pixels that satisfy a test. */
export function shareOf(pixels: readonly Rgb[], test: (pixel: Rgb) => boolean): number {
  return pixels.filter(test).length / pixels.length;
}

async function onFile<Result>(bytes: Uint8Array, work: (file: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'millrace-video-'));
  const file = path.join(directory, 'video.mp4');
  writeFileSync(file, bytes);
  return work(file).finally(() => rmSync(directory, { recursive: true, force: true }));
}

/** ffmpeg without an output ends with status 1 after it has told about the input. */
function run(args: readonly string[]): Promise<{ stdout: Buffer; stderr: string }> {
  return new Promise((resolve) => {
    execFile(ffmpeg.path, [...args], { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) =>
      resolve({ stdout, stderr: stderr.toString() }),
    );
  });
}
