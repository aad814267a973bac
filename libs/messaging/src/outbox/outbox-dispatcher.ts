import { AppError, messageOf, type Clock, type DurationMs, type Logger } from '@millrace/kernel';
import type { EventBus } from '../ports/event-bus.port.js';
import type { OutboxBatch, OutboxStore } from '../ports/outbox-store.port.js';
import { within } from '../runtime/within.js';

export interface OutboxLimits {
  /** Publishes at a time. One keeps the order of commits on the bus; more trade it for throughput. */
  readonly publishesInFlightMax: number;
  /** Records of one publish; a row with more goes alone. */
  readonly publishRecordsMax: number;
  /** Records that wait in memory; what comes on top is left to the relay. */
  readonly waitingRecordsMax: number;
  /** How long `committed` waits for its records to be published. */
  readonly committedWaitMs: DurationMs;
  /** Age from which a row counts as left behind. */
  readonly leftBehindMs: DurationMs;
  readonly relayIntervalMs: DurationMs;
  /** Rows that the relay reads at a time. */
  readonly relayRowsMax: number;
  /** How long `stop` waits for what is being published. */
  readonly stopWaitMs: DurationMs;
}

export const OUTBOX_LIMITS: OutboxLimits = {
  publishesInFlightMax: 1,
  publishRecordsMax: 2_000,
  waitingRecordsMax: 10_000,
  committedWaitMs: 20,
  leftBehindMs: 2_000,
  relayIntervalMs: 1_000,
  relayRowsMax: 100,
  stopWaitMs: 10_000,
};

export interface OutboxDispatcherOptions {
  readonly bus: Pick<EventBus, 'publish'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: OutboxStore;
  readonly limits?: Partial<OutboxLimits>;
}

interface WaitingBatch {
  readonly batch: OutboxBatch;
  readonly settled: () => void;
}

/**
 * Publishes outbox rows: directly after their commit, and by a relay what a crash or a fault left behind
 * (guarantees.md section 1, "Outbox"). At least once: a row whose mark fails is published again.
 */
export class OutboxDispatcher {
  private readonly limits: OutboxLimits;
  private waiting: WaitingBatch[] = [];
  private waitingRecords = 0;
  private readonly publishing = new Set<Promise<void>>();
  /** Rows that this process publishes at the moment: the relay leaves them alone. */
  private readonly ownIds = new Set<string>();
  private age: { readonly ms: DurationMs; readonly measuredAtMs: DurationMs } = { ms: 0, measuredAtMs: 0 };
  private cancelTick: (() => void) | undefined;
  private running = false;
  private relaying: Promise<void> = Promise.resolve();

  constructor(private readonly options: OutboxDispatcherOptions) {
    this.limits = { ...OUTBOX_LIMITS, ...options.limits };
  }

  /**
   * Publishes rows whose transaction has committed. Resolves when they are published, or have failed, or after
   * `committedWaitMs`, whichever comes first; never rejects. What fails is left to the relay.
   */
  async committed(batches: readonly OutboxBatch[]): Promise<void> {
    const accepted = batches.filter((batch) => this.hasRoomFor(batch));
    if (accepted.length === 0) return;
    const published = Promise.all(accepted.map((batch) => this.enqueue(batch)));
    this.fillSlots();
    await within(this.options.clock, this.limits.committedWaitMs, published);
  }

  /** Age in ms of the oldest row that is committed but not published; 0 when there is none. As of the last second. */
  oldestUnpublishedMs(): DurationMs {
    if (this.age.ms === 0) return 0;
    return this.age.ms + this.options.clock.monotonicMs() - this.age.measuredAtMs;
  }

  /** Starts the relay: at once for what an earlier life left behind, then each second. */
  start(): void {
    if (this.running) return;
    this.running = true;
    this.tick();
  }

  /** Stops the relay and waits for what is being published. Rows that still wait stay for the next start. */
  async stop(): Promise<void> {
    this.running = false;
    this.cancelTick?.();
    await this.relaying;
    await within(this.options.clock, this.limits.stopWaitMs, this.drained());
  }

  private async drained(): Promise<void> {
    while (this.publishing.size > 0) await Promise.all(this.publishing);
  }

  private hasRoomFor(batch: OutboxBatch): boolean {
    return this.waitingRecords + batch.records.length <= this.limits.waitingRecordsMax;
  }

  private enqueue(batch: OutboxBatch): Promise<void> {
    this.waitingRecords += batch.records.length;
    this.ownIds.add(batch.id);
    return new Promise((settled) => this.waiting.push({ batch, settled }));
  }

  private fillSlots(): void {
    while (this.publishing.size < this.limits.publishesInFlightMax && this.waiting.length > 0) {
      const published: Promise<void> = this.publishTaken(this.takeWaiting()).then(() => {
        this.publishing.delete(published);
        this.fillSlots();
      });
      this.publishing.add(published);
    }
  }

  private takeWaiting(): readonly WaitingBatch[] {
    let records = 0;
    const over = this.waiting.findIndex(({ batch }) => {
      records += batch.records.length;
      return records > this.limits.publishRecordsMax;
    });
    const taken = this.waiting.slice(0, over === -1 ? undefined : Math.max(1, over));
    this.waiting = this.waiting.slice(taken.length);
    return taken;
  }

  private async publishTaken(taken: readonly WaitingBatch[]): Promise<void> {
    const batches = taken.map(({ batch }) => batch);
    await this.publish(batches).catch((error: unknown) => {
      this.options.logger.warn('outbox rows were not published; the relay goes on with them', {
        rows: batches.length,
        error: messageOf(error),
      });
    });
    for (const { batch, settled } of taken) {
      this.ownIds.delete(batch.id);
      this.waitingRecords -= batch.records.length;
      settled();
    }
  }

  private async publish(batches: readonly OutboxBatch[]): Promise<void> {
    await this.options.bus.publish(batches.flatMap(({ records }) => records));
    await this.options.store.markPublished(batches.map(({ id }) => id));
  }

  private tick(): void {
    this.relaying = this.relay().then(() => {
      if (this.running) this.cancelTick = this.options.clock.after(this.limits.relayIntervalMs, () => this.tick());
    });
  }

  private async relay(): Promise<void> {
    try {
      const oldestMs = (await this.options.store.oldestUnpublishedMs()) ?? 0;
      this.age = { ms: oldestMs, measuredAtMs: this.options.clock.monotonicMs() };
      if (oldestMs >= this.limits.leftBehindMs) await this.options.store.exclusively(() => this.relayAll());
    } catch (error) {
      this.options.logger.warn('the outbox relay failed and tries again', { error: messageOf(error) });
    }
  }

  private async relayAll(): Promise<void> {
    const { leftBehindMs, relayRowsMax } = this.limits;
    while (this.running) {
      const rows = await this.options.store.leftBehind({ olderThanMs: leftBehindMs, limit: relayRowsMax });
      const others = rows.filter(({ id }) => !this.ownIds.has(id));
      const passed = others.length === 0 ? 0 : await this.relayRows(others);
      if (rows.length < relayRowsMax || passed === 0) return;
    }
  }

  /** Publishes rows together, or one by one when one of them spoils the rest. Returns how many went out. */
  private async relayRows(rows: readonly OutboxBatch[]): Promise<number> {
    try {
      await this.publish(rows);
      return rows.length;
    } catch (error) {
      if (isUnavailable(error)) throw error;
    }
    let passed = 0;
    for (const row of rows) {
      try {
        await this.publish([row]);
        passed += 1;
      } catch (error) {
        if (isUnavailable(error)) throw error;
        this.options.logger.error('an outbox row can not be published', { row: row.id, error: messageOf(error) });
      }
    }
    return passed;
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof AppError && error.kind === 'unavailable';
}
