import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sleep, systemClock, VirtualClock } from '@millrace/kernel';
import { runFfmpeg } from './ffmpeg-process.js';
import { runSource } from '../testing/run-source.js';
import { mp4Facts } from '../testing/mp4-facts.js';
import { installedFfmpeg } from './ffmpeg-path.js';
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

describe('an ffmpeg whose parent is killed', () => {
  it('ends by itself when kill -9 leaves it alone', async () => {
    const file = path.join(scratch, 'orphan.mp4');
    const pidFile = path.join(scratch, 'pid');
    const ffmpeg = await standIn(`echo $$ > ${pidFile}\nexec ${await installedFfmpeg()} "$@"`);
    const encoderUrl = new URL('./mp4-encoder.ts', import.meta.url).href;
    const request = { from: SIZE, to: SIZE, framesPerSecond: 24, path: file };
    const parent = runSource(`
      import { Mp4Encoder } from '${encoderUrl}';
      import { systemClock } from '@millrace/kernel';
      const tools = { ffmpeg: ${JSON.stringify(ffmpeg)}, clock: systemClock };
      const encoder = new Mp4Encoder(tools, ${JSON.stringify(request)});
      for (let frame = 0; frame < ${FRAMES}; frame++) await encoder.write(new Uint8Array(${FRAME.length}));
      process.stdout.write('encoding\\n');
      setInterval(() => undefined, 1000);
    `);
    const complaints: string[] = [];
    parent.stderr?.on('data', (chunk) => complaints.push(String(chunk)));
    const [line] = (await once(createInterface({ input: parent.stdout ?? process.stdin }), 'line')) as string[];
    expect({ line, complaints }).toEqual({ line: 'encoding', complaints: [] });
    const pid = Number(await readFile(pidFile, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await gone(pid);
    expect(mp4Facts(await installedFfmpeg(), file)).toMatchObject({ codec: 'h264', ...SIZE });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const GONE_POLLS_LIMIT = 500;

/** The process is no child of this one: its end can only be asked for. */
async function gone(pid: number): Promise<void> {
  for (let poll = 0; isAlive(pid); poll++) {
    if (poll === GONE_POLLS_LIMIT) throw new Error(`process ${pid} lives on`);
    await sleep(systemClock, 10);
  }
}
