import type { Clock } from '@millrace/kernel';

/** Whole milliseconds since this worker incarnation started, on the machine's monotonic clock: the time that is billed. */
export class InstanceClock {
  private readonly anchorMs: number;

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {
    this.anchorMs = clock.monotonicMs();
  }

  nowMs(): number {
    return Math.max(0, Math.floor(this.clock.monotonicMs() - this.anchorMs));
  }
}
