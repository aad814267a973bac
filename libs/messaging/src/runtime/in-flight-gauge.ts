import type { ConsumerLimits } from './consumer-limits.js';

/** Counts what a consumer holds in memory. Full at a limit, and full until half of both limits are free again. */
export class InFlightGauge {
  records = 0;
  private bytes = 0;
  full = false;

  constructor(private readonly limits: Pick<ConsumerLimits, 'inFlightRecordsMax' | 'inFlightBytesMax'>) {}

  /** `sign` 1 for entries that came, -1 for entries that went. Returns whether `full` changed. */
  count(entries: readonly { readonly bytes: number }[], sign: 1 | -1): boolean {
    const before = this.full;
    this.records += sign * entries.length;
    for (const { bytes } of entries) this.bytes += sign * bytes;
    const { inFlightRecordsMax, inFlightBytesMax } = this.limits;
    if (this.records >= inFlightRecordsMax || this.bytes >= inFlightBytesMax) this.full = true;
    if (this.records <= inFlightRecordsMax / 2 && this.bytes <= inFlightBytesMax / 2) this.full = false;
    return this.full !== before;
  }
}
