import { EstimateRecord, type QueueEstimate } from './queue-estimate.js';

interface Told {
  readonly atSeconds: number;
  readonly plainSeconds: number;
  readonly p90Seconds: number;
  /** It was found late before it ended. */
  late: boolean;
}

/**
 * Estimates kept until their tasks end. While there are as many, no more are taken: to drop one of a task that still waits
 * would be to take its next one for its first.
 */
const TOLD_MAX = 10_000;
/** A task this long past its p90 has ended unheard of, or might as well have: its estimate gives up its place. */
const LATE_KEPT_SECONDS = 86_400;

/**
 * Estimates that were told of tasks which have not ended, the first 10,000. The first one of a task counts: it is what a
 * client plans by. Times are seconds of one clock.
 */
export class ToldEstimates {
  /** How far off they were. */
  readonly record = new EstimateRecord();
  private readonly open = new Map<string, Told>();

  /** Whether it is held against what comes: false where the task has an earlier one, or as many are open as are kept. */
  tell(
    id: string,
    atSeconds: number,
    { plainSeconds, p90Seconds }: Pick<QueueEstimate, 'p90Seconds'> & { readonly plainSeconds: number },
  ): boolean {
    if (this.open.size >= TOLD_MAX || this.open.has(id)) return false;
    this.open.set(id, { atSeconds, plainSeconds, p90Seconds, late: false });
    return true;
  }

  /**
   * Learns of tasks that have missed their p90 and not ended. To wait for their ends would be to hear of the quick ones
   * first, and to widen too late when a queue builds up.
   */
  overdue(nowSeconds: number): void {
    for (const [id, told] of this.open) {
      const lateSeconds = nowSeconds - told.atSeconds - told.p90Seconds;
      if (lateSeconds > LATE_KEPT_SECONDS) this.open.delete(id);
      if (told.late || lateSeconds <= 0) continue;
      told.late = true;
      this.record.verdict(true);
    }
  }

  /** The task is done: whether within its p90. Undefined: it was told nothing. */
  completed(id: string, nowSeconds: number): 'within' | 'late' | undefined {
    const told = this.open.get(id);
    if (told === undefined) return undefined;
    this.open.delete(id);
    const tookSeconds = nowSeconds - told.atSeconds;
    const late = tookSeconds > told.p90Seconds;
    this.record.outcome(told.plainSeconds, tookSeconds);
    if (!told.late) this.record.verdict(late);
    return late ? 'late' : 'within';
  }

  /** It ended otherwise: nothing comes that its estimate could be held against. */
  forget(id: string): void {
    this.open.delete(id);
  }

  /** A new leader: it tells anew. */
  clear(): void {
    this.open.clear();
  }
}
