import { messageOf, type Clock, type DurationMs, type Logger } from '@millrace/kernel';

export interface GroupCommitLimits {
  /** Entries of one transaction. */
  readonly batchMax: number;
  /** How long an entry waits for company while another batch is being written. */
  readonly lingerMs: DurationMs;
  /** Batches written at a time. */
  readonly inFlightMax: number;
}

export const GROUP_COMMIT_LIMITS: GroupCommitLimits = { batchMax: 500, lingerMs: 1, inFlightMax: 2 };

interface Waiting<Entry, Result> {
  readonly entry: Entry;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets concurrent callers share one transaction. An entry that comes alone is written at once; while a batch is being
 * written, later ones gather for at most `lingerMs`. When a batch fails, its entries are tried one by one, so that one
 * of them can not fail its neighbours.
 */
export class GroupCommit<Entry, Result> {
  private waiting: Waiting<Entry, Result>[] = [];
  private inFlight = 0;
  private cancelLinger: (() => void) | undefined;

  constructor(
    private readonly write: (entries: readonly Entry[]) => Promise<readonly Result[]>,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly limits: GroupCommitLimits = GROUP_COMMIT_LIMITS,
  ) {}

  submit(entry: Entry): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ entry, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.waiting.length === 0 || this.inFlight >= this.limits.inFlightMax) return;
    if (this.waiting.length >= this.limits.batchMax) return this.flush();
    if (this.cancelLinger !== undefined) return;
    const lingerMs = this.inFlight === 0 ? 0 : this.limits.lingerMs;
    if (lingerMs === 0) return this.flush();
    this.cancelLinger = this.clock.after(lingerMs, () => this.flush());
  }

  private flush(): void {
    this.cancelLinger?.();
    this.cancelLinger = undefined;
    const batch = this.waiting.splice(0, this.limits.batchMax);
    if (batch.length === 0) return;
    this.inFlight += 1;
    void this.writeBatch(batch).finally(() => {
      this.inFlight -= 1;
      this.schedule();
    });
  }

  private async writeBatch(batch: readonly Waiting<Entry, Result>[]): Promise<void> {
    try {
      const results = await this.write(batch.map(({ entry }) => entry));
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result === undefined) reject(new Error('a batch was written without a result for each entry'));
        else resolve(result);
      });
    } catch (error) {
      if (batch.length === 1) return batch[0]?.reject(error);
      this.logger.warn('a batch failed; its entries are tried one by one', {
        size: batch.length,
        error: messageOf(error),
      });
      for (const one of batch) await this.writeBatch([one]);
    }
  }
}
