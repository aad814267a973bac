import { EstimateRecord, type QueueEstimate } from './queue-estimate.js';

interface Told {
  readonly atSeconds: number;
  readonly plainSeconds: number;
  readonly p90Seconds: number;
  /** It was found late before it ended. */
  late: boolean;
}

/** Estimates kept until their tasks end; with more, the oldest are dropped. */
const TOLD_MAX = 10_000;

/**
 * Estimates that were told of tasks which have not ended. The first one of a task counts: it is what a client plans by.
 * Times are seconds of one clock.
 */
export class ToldEstimates {
  /** How far off they were. */
  readonly record = new EstimateRecord();
  private readonly open = new Map<string, Told>();

  tell(
    id: string,
    atSeconds: number,
    { plainSeconds, p90Seconds }: Pick<QueueEstimate, 'p90Seconds'> & { readonly plainSeconds: number },
  ): void {
    if (this.open.has(id)) return;
    for (const oldest of this.open.keys()) {
      if (this.open.size < TOLD_MAX) break;
      this.open.delete(oldest);
    }
    this.open.set(id, { atSeconds, plainSeconds, p90Seconds, late: false });
  }

  /**
   * Learns of tasks that have missed their p90 and not ended. To wait for their ends would be to hear of the quick ones
   * first, and to widen too late when a queue builds up.
   */
  overdue(nowSeconds: number): void {
    for (const told of this.open.values()) {
      if (told.late || nowSeconds - told.atSeconds <= told.p90Seconds) continue;
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
