import { AppError } from '@millrace/kernel';
import { tooManyWaiting } from './bus-faults.js';
import type { BusLimits } from './bus-limits.js';
import type { EncodedRecord } from './event-log.postgres.js';

interface Waiting {
  readonly records: readonly EncodedRecord[];
  readonly settle: (error?: unknown) => void;
}

/**
 * Group commit: what is published while an append runs goes into the next one, all callers together. With nothing
 * running an append starts at once. One at a time, so that records keep the order in which they were published.
 */
export class AppendQueue {
  private waiting: Waiting[] = [];
  private waitingRecords = 0;
  private running: Promise<void> | undefined;

  constructor(
    private readonly append: (records: readonly EncodedRecord[]) => Promise<void>,
    private readonly limits: Pick<BusLimits, 'appendRecordsMax' | 'appendBytesMax' | 'waitingRecordsMax'>,
  ) {}

  /** Resolves when the records are durable. Rejects as a whole; some may be in the log all the same. */
  add(records: readonly EncodedRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    if (this.waitingRecords > this.limits.waitingRecordsMax) return Promise.reject(tooManyWaiting());
    this.waitingRecords += records.length;
    return new Promise((resolve, reject) => {
      this.waiting.push({ records, settle: (error) => (error === undefined ? resolve() : reject(error as Error)) });
      this.running ??= this.drain();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.running;
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) await this.appendTogether(this.take());
    this.running = undefined;
  }

  /** Callers from the front up to the limits, one at least. */
  private take(): readonly Waiting[] {
    let records = 0;
    let bytes = 0;
    const fits = (entry: Waiting): boolean => {
      records += entry.records.length;
      bytes += sizeOf(entry.records);
      return records <= this.limits.appendRecordsMax && bytes <= this.limits.appendBytesMax;
    };
    const end = this.waiting.findIndex((entry) => !fits(entry));
    const taken = this.waiting.slice(0, end === -1 ? this.waiting.length : Math.max(1, end));
    this.waiting = this.waiting.slice(taken.length);
    for (const entry of taken) this.waitingRecords -= entry.records.length;
    return taken;
  }

  private async appendTogether(entries: readonly Waiting[]): Promise<void> {
    try {
      await this.appendBounded(entries.flatMap(({ records }) => records));
      for (const { settle } of entries) settle();
    } catch (error) {
      const alone = entries.length === 1 || (error instanceof AppError && error.kind === 'unavailable');
      if (alone) for (const { settle } of entries) settle(error);
      // A record that the log refuses must not fail what others published at the same moment.
      else for (const entry of entries) await this.appendTogether([entry]);
    }
  }

  /** A caller's own batch may be larger than an append: then it takes several, in order. */
  private async appendBounded(records: readonly EncodedRecord[]): Promise<void> {
    let start = 0;
    let bytes = 0;
    for (const [index, record] of records.entries()) {
      const size = sizeOf([record]);
      const full = index - start >= this.limits.appendRecordsMax || bytes + size > this.limits.appendBytesMax;
      if (full && index > start) {
        await this.append(records.slice(start, index));
        start = index;
        bytes = 0;
      }
      bytes += size;
    }
    await this.append(records.slice(start));
  }
}

function sizeOf(records: readonly EncodedRecord[]): number {
  return records.reduce((sum, { key, headers, value }) => sum + key.length + headers.length + value.length, 0);
}
