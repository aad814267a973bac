import type { OutgoingRecord } from '@millrace/messaging/ports';
import { isRecordFault, toBusError, unavailable } from './kafka-errors.js';

/** Records and bytes of one request: a broker takes at most 1 MiB for one partition. */
const REQUEST_RECORDS_MAX = 2_000;
const REQUEST_BYTES_MAX = 800 * 1024;
/** Bytes that may wait while the brokers are slow or away; past it a publish is refused at once. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
const RECORD_OVERHEAD_BYTES = 100;

interface Publication {
  readonly records: readonly OutgoingRecord[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Joins concurrent publications into large requests: at once when nothing is under way, else together with all that came
 * meanwhile. One request at a time, so that a retry never overtakes: order per key is the order of the calls.
 */
export class PublishQueue {
  private waiting: Publication[] = [];
  private waitingBytes = 0;
  private sending: Promise<void> | undefined;

  constructor(private readonly send: (records: readonly OutgoingRecord[]) => Promise<void>) {}

  publish(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
    if (this.waitingBytes + bytes > WAITING_BYTES_MAX) {
      return Promise.reject(unavailable('Kafka takes records more slowly than they come: try again.'));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ records, bytes, resolve, reject });
      this.waitingBytes += bytes;
      this.sending ??= this.sendAll();
    });
  }

  /** Settles when nothing waits and nothing is under way. */
  async drained(): Promise<void> {
    while (this.sending !== undefined) await this.sending;
  }

  private async sendAll(): Promise<void> {
    // Lets every call of this turn of the event loop join the first request.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const together = this.take();
      await this.sendTogether(together);
      this.waitingBytes -= together.reduce((sum, { bytes }) => sum + bytes, 0);
    }
    this.sending = undefined;
  }

  private take(): readonly Publication[] {
    let [records, bytes, count] = [0, 0, 0];
    for (const publication of this.waiting) {
      records += publication.records.length;
      bytes += publication.bytes;
      if (count > 0 && (records > REQUEST_RECORDS_MAX || bytes > REQUEST_BYTES_MAX)) break;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }

  private async sendTogether(publications: readonly Publication[]): Promise<void> {
    try {
      for (const request of splitIntoRequests(publications.flatMap(({ records }) => records))) await this.send(request);
      for (const { resolve } of publications) resolve();
    } catch (error) {
      // A record that no broker takes fails its own publication only.
      if (publications.length > 1 && isRecordFault(error)) {
        for (const publication of publications) await this.sendTogether([publication]);
        return;
      }
      for (const { reject } of publications) reject(toBusError(error, 'publish'));
    }
  }
}

/** The records in order, in pieces that one request may hold; a record above the limit goes alone. */
export function splitIntoRequests(records: readonly OutgoingRecord[]): readonly (readonly OutgoingRecord[])[] {
  const requests: OutgoingRecord[][] = [];
  let current: OutgoingRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = sizeOf(record);
    if (current.length > 0 && (bytes + size > REQUEST_BYTES_MAX || current.length >= REQUEST_RECORDS_MAX)) {
      requests.push(current);
      [current, bytes] = [[], 0];
    }
    current.push(record);
    bytes += size;
  }
  if (current.length > 0) requests.push(current);
  return requests;
}

function sizeOf(record: OutgoingRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + record.value.byteLength + record.key.length;
  for (const name in record.headers) bytes += name.length + (record.headers[name]?.length ?? 0);
  return bytes;
}
