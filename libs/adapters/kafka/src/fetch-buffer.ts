import type { IncomingRecord } from '@millrace/messaging/ports';

/** Records and bytes that a subscription holds ready in all, and what each partition may hold even then. */
export const BUFFER_LIMITS = {
  records: 8_192,
  bytes: 8 * 1024 * 1024,
  partitionRecordsMin: 128,
  partitionBytesMin: 256 * 1024,
};
/** Records handed to the sink at a time: it may pause between two. */
const DELIVERY_RECORDS_MAX = 256;

/** What the buffer needs of the partition's fetching and of the sink. */
export interface BufferOwner {
  deliver(records: readonly IncomingRecord[]): void;
  /** Fetch the partition or leave it out of the next requests; a change takes until the request under way is answered. */
  setFetching(partition: BufferedPartition, fetching: boolean): void;
}

export class BufferedPartition {
  records: IncomingRecord[] = [];
  bytes = 0;
  paused = false;
  fetching = true;

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}
}

/**
 * Stands between the fetches and the sink. A pause of kafkajs acts only with the next long poll, up to half a second
 * later, and so does its end: fetching goes on into this buffer while the sink pauses, and stops when the buffer is full.
 */
export class FetchBuffer {
  private readonly partitions = new Set<BufferedPartition>();
  private records = 0;
  private bytes = 0;

  constructor(private readonly owner: BufferOwner) {}

  add(partition: BufferedPartition): void {
    this.partitions.add(partition);
  }

  /** Drops all partitions and what they hold. */
  clear(): void {
    for (const partition of this.partitions) {
      partition.records = [];
      partition.bytes = 0;
    }
    this.partitions.clear();
    [this.records, this.bytes] = [0, 0];
  }

  push(partition: BufferedPartition, records: readonly IncomingRecord[]): void {
    if (!this.partitions.has(partition)) return;
    partition.records.push(...records);
    this.count(partition, records, 1);
    this.flush(partition);
    if (partition.fetching && !this.mayFetch(partition)) this.setFetching(partition, false);
  }

  pause(partition: BufferedPartition): void {
    partition.paused = true;
  }

  /** Delivers later, never from inside the call: the sink resumes while it settles results. */
  resume(partition: BufferedPartition): void {
    partition.paused = false;
    if (partition.records.length === 0) return;
    queueMicrotask(() => {
      if (this.partitions.has(partition)) this.flush(partition);
    });
  }

  private flush(partition: BufferedPartition): void {
    while (!partition.paused && partition.records.length > 0 && this.partitions.has(partition)) {
      const records = partition.records.splice(0, DELIVERY_RECORDS_MAX);
      this.count(partition, records, -1);
      this.owner.deliver(records);
    }
    this.startFetching();
  }

  private startFetching(): void {
    const roomy = this.records < BUFFER_LIMITS.records / 2 && this.bytes < BUFFER_LIMITS.bytes / 2;
    for (const partition of this.partitions) {
      if (!partition.fetching && (roomy || holdsLittle(partition))) this.setFetching(partition, true);
    }
  }

  private mayFetch(partition: BufferedPartition): boolean {
    const full = this.records >= BUFFER_LIMITS.records || this.bytes >= BUFFER_LIMITS.bytes;
    return !full || holdsLittle(partition);
  }

  private setFetching(partition: BufferedPartition, fetching: boolean): void {
    partition.fetching = fetching;
    this.owner.setFetching(partition, fetching);
  }

  private count(partition: BufferedPartition, records: readonly IncomingRecord[], sign: 1 | -1): void {
    const bytes = sign * records.reduce((sum, { value }) => sum + value.byteLength, 0);
    this.records += sign * records.length;
    this.bytes += bytes;
    partition.bytes += bytes;
  }
}

/** So that one partition that waits can fill the buffer, and the others still go on. */
function holdsLittle({ records, bytes }: BufferedPartition): boolean {
  return records.length < BUFFER_LIMITS.partitionRecordsMin && bytes < BUFFER_LIMITS.partitionBytesMin;
}
