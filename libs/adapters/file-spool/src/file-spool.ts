import { mkdir, open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, type Logger } from '@millrace/kernel';
import type { Spool, SpooledRecord } from '@millrace/execution/ports';
import type { OutgoingRecord } from '@millrace/messaging/ports';
import { decodeLine, encodeLine } from './spool-line.js';

export interface FileSpoolOptions {
  /** Made when missing. One living process at a time. */
  readonly directory: string;
  readonly logger: Logger;
  /** A file that grew past this is left for a new one as soon as nothing in it is pending. */
  readonly rotateBytes?: number;
  /** Records that may be pending; an append past it is refused. */
  readonly pendingMax?: number;
}

const ROTATE_BYTES = 4 * 1024 * 1024;
const PENDING_MAX = 100_000;
const FILE_PATTERN = /^(\d{10})\.spool$/;

interface Waiting {
  readonly records: readonly SpooledRecord[];
  readonly text: string;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * A spool in append-only files. An append is on the disk (fdatasync) when it resolves; appends that come while one is
 * being synced share the next sync. Acknowledgements are lines too, written without a sync: losing one repeats a record
 * with the same event id. At opening, a torn last line is cut off and what was pending is written to a new file.
 */
export async function createFileSpool(options: FileSpoolOptions): Promise<Spool> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const files = await spoolFiles(options.directory);
  const pending = await readPending(options.directory, files, options.logger);
  const number = numberOf(files.at(-1)) + 1;
  const spool = new FileSpool(options, pending);
  await spool.beginFile(number);
  for (const file of files) await rm(join(options.directory, file), { force: true });
  return spool;
}

class FileSpool implements Spool {
  private file: FileHandle | undefined;
  private fileNumber = 0;
  private fileBytes = 0;
  private nextId: number;
  private waiting: Waiting[] = [];
  private writing: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly options: FileSpoolOptions,
    private readonly records: Map<number, OutgoingRecord>,
  ) {
    this.nextId = 1 + Math.max(0, ...records.keys());
  }

  append(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    if (this.closed) return Promise.reject(unavailable('the spool is closed'));
    if (this.records.size + records.length > (this.options.pendingMax ?? PENDING_MAX)) {
      return Promise.reject(unavailable('the spool is full'));
    }
    const spooled = records.map((record) => ({ id: this.nextId++, record }));
    const text = spooled.map(({ id, record }) => encodeLine({ kind: 'record', id, record })).join('');
    return new Promise((resolve, reject) => this.enqueue({ records: spooled, text, resolve, reject }));
  }

  async pending(limit: number): Promise<readonly SpooledRecord[]> {
    const page: SpooledRecord[] = [];
    for (const [id, record] of this.records) {
      if (page.length >= limit) break;
      page.push({ id, record });
    }
    return page;
  }

  acknowledge(ids: readonly number[]): Promise<void> {
    const known = ids.filter((id) => this.records.delete(id));
    if (known.length === 0 || this.closed) return Promise.resolve();
    const text = encodeLine({ kind: 'acknowledged', ids: known });
    return new Promise((resolve, reject) => this.enqueue({ records: [], text, resolve, reject }));
  }

  depth(): number {
    return this.records.size;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.writing;
    await this.file?.close();
    this.file = undefined;
  }

  /** Starts a file that holds what is pending, durably, before anything else is written to it. */
  async beginFile(number: number): Promise<void> {
    const path = join(this.options.directory, `${String(number).padStart(10, '0')}.spool`);
    const file = await open(path, 'a', 0o600);
    const text = [...this.records].map(([id, record]) => encodeLine({ kind: 'record', id, record })).join('');
    try {
      await file.writeFile(text);
      await file.datasync();
      await syncDirectory(this.options.directory);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.file = file;
    this.fileNumber = number;
    this.fileBytes = Buffer.byteLength(text);
  }

  private enqueue(waiting: Waiting): void {
    this.waiting.push(waiting);
    this.writing ??= this.writeAll();
  }

  /** One write and at most one sync for all that came meanwhile. */
  private async writeAll(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.write(batch);
        for (const { id, record } of batch.flatMap(({ records }) => records)) this.records.set(id, record);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.writing = undefined;
  }

  private async write(batch: readonly Waiting[]): Promise<void> {
    const { file } = this;
    if (file === undefined) throw unavailable('the spool is closed');
    const bytes = Buffer.from(batch.map(({ text }) => text).join(''));
    try {
      await file.appendFile(bytes);
      if (batch.some(({ records }) => records.length > 0)) await file.datasync();
    } catch (error) {
      await this.cutBack(file);
      throw error;
    }
    this.fileBytes += bytes.length;
    if (this.fileBytes > (this.options.rotateBytes ?? ROTATE_BYTES)) await this.rotate(batch);
  }

  /** A refused append leaves nothing behind: half a batch on a full disk would come back at the next start. */
  private async cutBack(file: FileHandle): Promise<void> {
    await file.truncate(this.fileBytes).catch((error: unknown) => {
      this.options.logger.error('spool could not cut off a failed append', { error: String(error) });
    });
  }

  private async rotate(batch: readonly Waiting[]): Promise<void> {
    if (this.records.size > 0 || batch.some(({ records }) => records.length > 0)) return;
    const old = this.file;
    const oldPath = join(this.options.directory, `${String(this.fileNumber).padStart(10, '0')}.spool`);
    await this.beginFile(this.fileNumber + 1);
    await old?.close();
    await rm(oldPath, { force: true });
  }
}

async function spoolFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => FILE_PATTERN.test(name)).sort();
}

function numberOf(file: string | undefined): number {
  return Number(FILE_PATTERN.exec(file ?? '')?.[1] ?? 0);
}

/** What no file acknowledges, by id. A damaged line loses itself only, and is said. */
async function readPending(
  directory: string,
  files: readonly string[],
  logger: Logger,
): Promise<Map<number, OutgoingRecord>> {
  const records = new Map<number, OutgoingRecord>();
  for (const file of files) {
    const lines = (await readFile(join(directory, file), 'utf8')).split('\n');
    const isTorn = lines.pop() !== '';
    const decoded = lines.map(decodeLine);
    const damaged = decoded.filter((line) => line === undefined).length;
    if (isTorn || damaged > 0) logger.warn('spool file was damaged', { file, damaged, torn: isTorn });
    for (const line of decoded) {
      if (line?.kind === 'record') records.set(line.id, line.record);
      if (line?.kind === 'acknowledged') for (const id of line.ids) records.delete(id);
    }
  }
  return new Map([...records].sort(([a], [b]) => a - b));
}

/** Makes a new file's name durable. Some systems can't sync a folder; there the name is as durable as they make it. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined);
  await handle?.datasync().catch(() => undefined);
  await handle?.close();
}

function unavailable(message: string): AppError {
  return new AppError({ kind: 'unavailable', code: 'service_unavailable', message });
}
