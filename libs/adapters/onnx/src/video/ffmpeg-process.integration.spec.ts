import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock, VirtualClock } from '@millrace/kernel';
import { runFfmpeg } from './ffmpeg-process.js';
import { Mp4Encoder } from './mp4-encoder.js';

const SIZE = { width: 64, height: 64 };
const FRAME = new Uint8Array(3 * SIZE.width * SIZE.height);
/** More than a pipe holds. */
const FRAMES = 100;

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'ffmpeg-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** An ffmpeg that does what a shell script says. */
async function standIn(script: string): Promise<string> {
  const file = path.join(await mkdtemp(path.join(scratch, 'bin-')), 'ffmpeg');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

async function encodeWith(ffmpeg: string): Promise<void> {
  const request = { from: SIZE, to: SIZE, framesPerSecond: 24, path: path.join(scratch, 'out.mp4') };
  const encoder = new Mp4Encoder({ ffmpeg, clock: systemClock }, request);
  for (let frame = 0; frame < FRAMES; frame++) await encoder.write(FRAME);
  await encoder.finish();
}

describe('an ffmpeg that fails', () => {
  it.each([
    ['is killed while it reads', 'kill -9 $$', /SIGKILL/],
    ['gives up with a reason', 'echo "out of disk" >&2; exit 3', /exit 3: out of disk/],
    ['gives up after the last frame', 'cat >/dev/null; exit 1', /exit 1/],
    ['ends well without reading', 'exit 0', /ended before its input did/],
  ])('is a crash of the engine: it %s', async (_, script, message) => {
    const failure = encodeWith(await standIn(script));
    await expect(failure).rejects.toMatchObject({ code: 'engine_crashed', retriable: true });
    await expect(failure).rejects.toThrow(message);
  });

  it('is a crash of the engine: it is not there', async () => {
    await expect(encodeWith(path.join(scratch, 'nowhere'))).rejects.toMatchObject({ code: 'engine_crashed' });
  });

  it('is killed when it takes too long', async () => {
    const clock = new VirtualClock();
    const run = runFfmpeg({ ffmpeg: await standIn('exec sleep 600'), clock }, [], 20_000);
    const failure = expect(run).rejects.toThrow(/SIGKILL/);
    await clock.advance(20_000);
    await failure;
  });
});
