import type pg from 'pg';
import { messageOf, silentLogger, type Clock, type DurationMs, type Logger } from '@millrace/kernel';
import { mappingFaults } from '../pool/map-fault.js';

const DAY_MS: DurationMs = 24 * 3_600_000;
/** The longest retention of a topic (35 days) and 7 days: no record can come again after that. */
const KEPT_MS: DurationMs = 42 * DAY_MS;
const INTERVAL_MS: DurationMs = 3_600_000;
const ROWS_MAX = 5_000;
const ROUNDS_MAX = 200;

export interface InboxSweeperOptions {
  /** Of the `_system` role. */
  readonly pool: pg.Pool;
  readonly schema: string;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly keptMs?: DurationMs;
}

/**
 * Removes inbox marks that no redelivery can ask for any more, and parked events that waited for longer than any topic
 * keeps what they wait for: once an hour, in bounded statements.
 */
export class InboxSweeper {
  private cancel: (() => void) | undefined;
  private running = false;

  constructor(private readonly options: InboxSweeperOptions) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.schedule();
  }

  stop(): void {
    this.running = false;
    this.cancel?.();
  }

  /** One sweep. Returns the number of marks removed. Rejects with `unavailable`. */
  async sweep(): Promise<number> {
    let removed = 0;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const count = await this.removeOld('inbox', 'consumer, event_id', 'applied_at');
      removed += count;
      if (count < ROWS_MAX) break;
    }
    return removed;
  }

  /** One sweep of the parked events. What goes is lost, so the log says how much. Rejects with `unavailable`. */
  async sweepParked(): Promise<number> {
    const removed = await this.removeOld('parked_events', 'consumer, topic, partition, "offset"', 'parked_at');
    const { logger = silentLogger, schema } = this.options;
    if (removed > 0) logger.warn('parked events that nothing will ever release were removed', { schema, removed });
    return removed;
  }

  private async removeOld(table: string, key: string, time: string): Promise<number> {
    const { pool, schema, keptMs = KEPT_MS } = this.options;
    const text = `DELETE FROM ${schema}.${table} WHERE (${key}) IN (SELECT ${key}
      FROM ${schema}.${table} WHERE ${time} < now() - $1::double precision * interval '1 ms' LIMIT $2)`;
    return (await mappingFaults(() => pool.query(text, [keptMs, ROWS_MAX]))).rowCount ?? 0;
  }

  private async sweepBoth(): Promise<void> {
    await this.sweep();
    await this.sweepParked();
  }

  private schedule(): void {
    this.cancel = this.options.clock.after(INTERVAL_MS, () => void this.sweepAndSchedule());
  }

  private async sweepAndSchedule(): Promise<void> {
    await this.sweepBoth().catch((error: unknown) => {
      const { logger = silentLogger, schema } = this.options;
      logger.warn('inbox and parked events were not swept; it is tried again in an hour', {
        schema,
        error: messageOf(error),
      });
    });
    if (this.running) this.schedule();
  }
}
