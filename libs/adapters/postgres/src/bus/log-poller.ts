import { messageOf, sleep, type Clock, type Logger } from '@millrace/kernel';
import type { BusLimits } from './bus-limits.js';
import type { EventLog, RecordRow } from './event-log.postgres.js';
import { recordFromRow, type PartitionReader } from './partition-reader.js';

type PollerLimits = Pick<
  BusLimits,
  'fetchRecordsPerPartition' | 'fetchRecordsMax' | 'fetchBytesTarget' | 'pollMs' | 'busyFetchRecords' | 'busyPauseMs'
>;

const SMALLEST_FETCH = 64;

/**
 * Reads for all subscriptions of the process with one query at a time: the partitions it was woken for, and all of
 * them once a second, where the query compares heads and finds nothing new. Without readers it does nothing.
 */
export class LogPoller {
  private readonly readers = new Map<number, Set<PartitionReader>>();
  private readonly dirty = new Set<number>();
  private allDirty = false;
  private running = false;
  private closed = false;
  private failing = false;
  private cancelTimer: (() => void) | undefined;
  private recordBytes = 0;
  private turn = 0;

  constructor(
    private readonly log: Pick<EventLog, 'fetch'>,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly limits: PollerLimits,
  ) {}

  add(reader: PartitionReader): void {
    const readers = this.readers.get(reader.partitionId) ?? new Set();
    this.readers.set(reader.partitionId, readers.add(reader));
    this.wake([reader.partitionId]);
  }

  remove(reader: PartitionReader): void {
    const readers = this.readers.get(reader.partitionId);
    readers?.delete(reader);
    if (readers?.size === 0) this.readers.delete(reader.partitionId);
  }

  /** Partitions that may have something new; undefined: any. */
  wake(partitionIds: readonly number[] | undefined): void {
    if (partitionIds === undefined) this.allDirty = true;
    else for (const id of partitionIds) if (this.readers.has(id)) this.dirty.add(id);
    if (!this.closed && !this.running && this.hasWork()) void this.run();
  }

  close(): void {
    this.closed = true;
    this.readers.clear();
    this.cancelTimer?.();
  }

  private hasWork(): boolean {
    return this.allDirty || this.dirty.size > 0;
  }

  private async run(): Promise<void> {
    this.running = true;
    this.cancelTimer?.();
    try {
      while (!this.closed && this.hasWork()) {
        // Under load whole batches cost their readers little more than single records do: a moment's more are waited for.
        if ((await this.fetchOnce()) >= this.limits.busyFetchRecords) await sleep(this.clock, this.limits.busyPauseMs);
      }
      this.failing = false;
    } catch (error) {
      this.allDirty = true;
      if (!this.failing) this.logger.warn('the event log can not be read; trying again', { error: messageOf(error) });
      this.failing = true;
    }
    this.running = false;
    if (!this.closed && this.readers.size > 0) {
      this.cancelTimer = this.clock.after(this.limits.pollMs, () => this.wake(undefined));
    }
  }

  /** Returns how many records came. */
  private async fetchOnce(): Promise<number> {
    const readers = this.takeDirty();
    if (readers.length === 0) return 0;
    const asked = readers.map(({ partitionId, position }) => ({ partitionId, position }));
    const perPartition = Math.min(this.limits.fetchRecordsPerPartition, this.fetchMax());
    const total = this.fetchMax();
    const rows = await this.log.fetch(asked, { perPartition, total });
    const byReader = Map.groupBy(rows, ({ want }) => Number(want) - 1);
    for (const [index, own] of byReader) {
      const reader = readers[index];
      if (reader === undefined) continue;
      this.deliver(reader, asked[index]?.position, own);
      if (own.length === perPartition) this.dirty.add(reader.partitionId);
    }
    if (rows.length >= total) for (const { partitionId } of readers) this.dirty.add(partitionId);
    this.noteSizes(rows);
    return rows.length;
  }

  /** The unpaused readers of dirty partitions, beginning with another one each time, so that none starves. */
  private takeDirty(): readonly PartitionReader[] {
    const ids = this.allDirty ? [...this.readers.keys()] : [...this.dirty];
    this.allDirty = false;
    this.dirty.clear();
    const readers = ids.flatMap((id) => [...(this.readers.get(id) ?? [])]).filter(({ paused }) => !paused);
    const first = readers.length === 0 ? 0 : this.turn++ % readers.length;
    return [...readers.slice(first), ...readers.slice(0, first)];
  }

  /** Hands records over, unless the reader was paused, moved or taken away while the query ran. */
  private deliver(reader: PartitionReader, askedPosition: bigint | undefined, rows: readonly RecordRow[]): void {
    const attached = this.readers.get(reader.partitionId)?.has(reader) === true;
    if (!attached || reader.paused || reader.position !== askedPosition) return;
    const records = rows.map((row) => recordFromRow(row, reader));
    const last = records.at(-1);
    if (last === undefined) return;
    reader.position = last.offset + 1n;
    reader.received(records);
  }

  /** Records of one fetch: fewer where they are large. */
  private fetchMax(): number {
    const { fetchRecordsMax, fetchBytesTarget } = this.limits;
    const byBytes = this.recordBytes === 0 ? fetchRecordsMax : Math.floor(fetchBytesTarget / this.recordBytes);
    return Math.min(fetchRecordsMax, Math.max(SMALLEST_FETCH, byBytes));
  }

  private noteSizes(rows: readonly RecordRow[]): void {
    if (rows.length === 0) return;
    const mean = rows.reduce((sum, { value, headers }) => sum + value.length + headers.length, 0) / rows.length;
    this.recordBytes = this.recordBytes === 0 ? mean : 0.8 * this.recordBytes + 0.2 * mean;
  }
}
