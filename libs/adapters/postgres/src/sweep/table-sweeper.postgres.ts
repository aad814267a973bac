import type pg from 'pg';
import { messageOf, type Clock, type DurationMs, type Logger } from '@millrace/kernel';
import { mappingFaults } from '../pool/map-fault.js';

const INTERVAL_MS: DurationMs = 3_600_000;
const ROWS_MAX = 5_000;
const ROUNDS_MAX = 200;

/** Rows that nobody asks for any more. */
export interface SweepRule {
  /** With its schema. */
  readonly table: string;
  /** SQL: which rows may go, as far as their age does not decide. */
  readonly where?: string;
  /** The column of type timestamptz that a row's age is counted from. A row in which it is null stays. */
  readonly since: string;
  readonly keptMs: DurationMs;
  /** Logged with the count when rows went, where their going is a loss. */
  readonly warning?: string;
}

export interface TableSweeperOptions {
  /** Of the `_system` role. */
  readonly pool: pg.Pool;
  readonly rules: readonly SweepRule[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Removes what is over its time: once an hour, in bounded statements. */
export class TableSweeper {
  private cancel: (() => void) | undefined;
  private running = false;

  constructor(private readonly options: TableSweeperOptions) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.schedule();
  }

  stop(): void {
    this.running = false;
    this.cancel?.();
  }

  /** One sweep of all tables. Returns the number of rows removed. Rejects with `unavailable`. */
  async sweep(): Promise<number> {
    let removed = 0;
    for (const rule of this.options.rules) removed += await this.sweepTable(rule);
    return removed;
  }

  private async sweepTable(rule: SweepRule): Promise<number> {
    let removed = 0;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const count = await this.sweepOnce(rule);
      removed += count;
      if (count < ROWS_MAX) break;
    }
    const { table, warning } = rule;
    if (removed > 0 && warning !== undefined) this.options.logger.warn(warning, { table, removed });
    return removed;
  }

  private async sweepOnce({ table, since, where = 'true', keptMs }: SweepRule): Promise<number> {
    // By place: a row that was changed meanwhile has another one, and stays for the next sweep.
    const text = `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table}
      WHERE ${since} < now() - $1::double precision * interval '1 ms' AND (${where}) LIMIT $2))`;
    return (await mappingFaults(() => this.options.pool.query(text, [keptMs, ROWS_MAX]))).rowCount ?? 0;
  }

  private schedule(): void {
    this.cancel = this.options.clock.after(INTERVAL_MS, () => void this.sweepAndSchedule());
  }

  private async sweepAndSchedule(): Promise<void> {
    await this.sweep().catch((error: unknown) => {
      const { logger, rules } = this.options;
      const tables = rules.map(({ table }) => table);
      logger.warn('old rows were not swept; it is tried again in an hour', { tables, error: messageOf(error) });
    });
    if (this.running) this.schedule();
  }
}
