import { createWriteStream, statSync, type WriteStream } from 'node:fs';
import { messageOf, type Logger } from '@millrace/kernel';
import { encodeCycle } from '@millrace/scheduling/policy';
import type { CycleRecorder } from '@millrace/scheduling/ports';

export interface CycleFileOptions {
  readonly path: string;
  /** Every so many cycles one is written. */
  readonly every: number;
  /** Nothing is written that would make the file larger, bytes. */
  readonly maxBytes: number;
  readonly logger: Logger;
}

/** What the disk has not taken yet, bytes: past it a cycle is left out, so that a slow disk costs no memory. */
const UNWRITTEN_MAX = 16 * 1024 * 1024;

/**
 * Writes a sample of the scheduler's cycles, one JSON line each, for `npm run simulator -- replay`. A file that is there is
 * continued. It ends at its size, once told in the log; recording never fails a cycle.
 */
export class CycleFile implements CycleRecorder {
  private readonly stream: WriteStream;
  private bytes: number;
  private cycles = 0;
  private closed = false;

  constructor(private readonly options: CycleFileOptions) {
    this.bytes = statSync(options.path, { throwIfNoEntry: false })?.size ?? 0;
    this.stream = createWriteStream(options.path, { flags: 'a', mode: 0o600 });
    this.stream.on('error', (error) => this.end('cycles are not recorded any more', messageOf(error)));
  }

  decided(...[cycle, decisions]: Parameters<CycleRecorder['decided']>): void {
    if (this.closed || this.cycles++ % this.options.every !== 0) return;
    if (this.stream.writableLength > UNWRITTEN_MAX) return;
    const line = encodeCycle(cycle, decisions);
    if (line === undefined) return;
    const length = Buffer.byteLength(line) + 1;
    if (this.bytes + length > this.options.maxBytes) return this.end('the file of recorded cycles is full');
    this.bytes += length;
    this.stream.write(`${line}\n`);
  }

  /** Resolves when all is written. */
  close(): Promise<void> {
    this.closed = true;
    return new Promise((resolve) => this.stream.end(() => resolve()));
  }

  private end(message: string, error?: string): void {
    if (this.closed) return;
    this.closed = true;
    const { path, logger } = this.options;
    logger.warn(message, { path, bytes: this.bytes, ...(error === undefined ? {} : { error }) });
  }
}
