import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock, DurationMs } from '@millrace/kernel';
import { engineCrashed } from '../engine-errors.js';

/** Characters of ffmpeg's complaints that go into an error. */
const COMPLAINT_LIMIT = 2000;

/** Why an ffmpeg has failed. */
export class FfmpegExit extends Error {
  override readonly name = 'FfmpegExit';

  /** @param exitCode null where a signal ended the process. */
  constructor(readonly exitCode: number | null) {
    super(`exit ${exitCode ?? 'by a signal'}`);
  }
}

export interface FfmpegTools {
  /** Path of the binary. */
  readonly ffmpeg: string;
  readonly clock: Clock;
}

/**
 * A running ffmpeg. It reads rgb24 from its standard input, if from anywhere but files, so it ends by itself when
 * this process dies: its input closes.
 */
export class FfmpegProcess {
  private complaints = '';
  private readonly output: Buffer[] = [];
  private readonly child: ChildProcess;
  /** Resolves when the process has ended well. Rejects with `engine_crashed`. */
  readonly ended: Promise<void>;

  constructor(
    private readonly tools: FfmpegTools,
    args: readonly string[],
  ) {
    // A group of its own: Ctrl-C in a terminal reaches this process only, which then ends the child in its own time.
    const detached = process.platform !== 'win32';
    this.child = spawn(tools.ffmpeg, ['-loglevel', 'error', ...args], { stdio: 'pipe', detached, windowsHide: true });
    this.child.stdout?.on('data', (chunk: Buffer) => this.output.push(chunk));
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.complaints = (this.complaints + chunk.toString()).slice(-COMPLAINT_LIMIT);
    });
    // A broken pipe shows in the exit as well, with ffmpeg's reason.
    this.child.stdin?.on('error', () => undefined);
    this.ended = this.exit();
    this.ended.catch(() => undefined);
  }

  /** What the process wrote, so far. */
  get written(): Buffer {
    return Buffer.concat(this.output);
  }

  /** Resolves when the bytes are in the pipe. Rejects with `engine_crashed` when ffmpeg ends first. */
  async write(bytes: Uint8Array): Promise<void> {
    const piped = new Promise<void>((resolve) => {
      this.child.stdin?.write(bytes, (error) => {
        if (!error) resolve();
      });
    });
    const early = this.ended.then(() => Promise.reject(engineCrashed('ffmpeg ended before its input did')));
    await Promise.race([piped, early]);
  }

  /** Tells ffmpeg that its input is complete. */
  closeInput(): void {
    this.child.stdin?.end();
  }

  /** Waits for the end, and kills a process that takes longer. */
  async endWithin(limitMs: DurationMs): Promise<void> {
    const cancel = this.tools.clock.after(limitMs, () => this.child.kill('SIGKILL'));
    await this.ended.finally(cancel);
  }

  /** Ends the process at once; resolves when it is gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended.catch(() => undefined);
  }

  private exit(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.child.once('error', (error) => reject(engineCrashed('ffmpeg did not start', error)));
      this.child.once('close', (code, signal) => {
        if (code === 0) resolve();
        else {
          const how = signal ?? `exit ${code}`;
          reject(engineCrashed(`ffmpeg ended with ${how}: ${this.complaints.trim()}`, new FfmpegExit(code)));
        }
      });
    });
  }
}

/** Runs ffmpeg to its end. Returns what it wrote. Rejects with `engine_crashed`, also when it takes longer than `limitMs`. */
export async function runFfmpeg(
  tools: FfmpegTools,
  args: readonly string[],
  limitMs: DurationMs,
  input?: Uint8Array,
): Promise<Buffer> {
  const ffmpeg = new FfmpegProcess(tools, args);
  const fed = input === undefined ? Promise.resolve() : ffmpeg.write(input);
  fed.then(() => ffmpeg.closeInput()).catch(() => undefined);
  await ffmpeg.endWithin(limitMs);
  return ffmpeg.written;
}
