import { backoffMs, messageOf, sleep, type BackoffPolicy, type Clock, type Logger, type Rng } from '@millrace/kernel';
import type { EventBus, NewEvent, OutgoingRecord } from '@millrace/messaging/ports';
import type { Spool } from './ports/spool.port.js';

/** Records in one publish. */
const PUBLISH_BATCH_MAX = 100;
/** Records kept in memory while the disk refuses them; past that the oldest are given up, loudly. */
const UNSPOOLED_MAX = 10_000;
/** How long a record that is in no hurry waits for others. */
export const LAZY_PUBLISH_MS = 60_000;
const PUBLISH_BACKOFF: BackoffPolicy = { initialMs: 200, maxMs: 5_000, factor: 2, jitter: 0.2 };

export interface EventOutletOptions {
  readonly spool: Spool;
  readonly bus: Pick<EventBus, 'publish'>;
  /** Makes the records of events; their ids are made here, once. */
  readonly stamper: { stamp(events: readonly NewEvent[]): readonly OutgoingRecord[] };
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
}

/** What became of a `send`. Neither promise rejects. */
export interface Receipt {
  /** On disk, or kept in memory because the disk refused it. */
  readonly kept: Promise<void>;
  /** On the bus. */
  readonly published: Promise<void>;
}

/**
 * The door through which a worker's reports and segments leave: spooled first, then published in the order of sending,
 * one batch of one topic at a time, until the bus has them: a publish may succeed in part, and a report that names its
 * segments must never be out without them, or its task would wait for ever to be charged. What an earlier incarnation left goes first, with the first send or drain. A full disk costs
 * durability, not delivery.
 */
export class EventOutlet {
  private appending: Promise<void> = Promise.resolve();
  private unspooled: OutgoingRecord[] = [];
  private sent = 0;
  private done: number;
  private waiters: { readonly upTo: number; readonly resolve: () => void }[] = [];
  private publishing: Promise<void> | undefined;
  private wanted = false;
  private cancelLazy: (() => void) | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: EventOutletOptions) {
    this.done = -options.spool.depth();
  }

  /** Stamps, spools and publishes. `later` waits up to a minute for company. Throws when an event breaks its schema. */
  send(events: readonly NewEvent[], urgency: 'now' | 'later' = 'now'): Receipt {
    const records = this.options.stamper.stamp(events);
    this.sent += records.length;
    const published = this.publishedUpTo(this.sent);
    this.appending = this.appending.then(() => this.keep(records));
    if (urgency === 'now') this.flush();
    else this.flushLater();
    return { kept: this.appending, published };
  }

  /** Records sent and not yet on the bus. */
  backlog(): number {
    return this.sent - this.done;
  }

  /** Waits until all is on the bus, at most `limitMs`; whether it is. What is left stays in the spool. */
  async drain(limitMs: number): Promise<boolean> {
    this.flush();
    const timeout = new AbortController();
    await Promise.race([this.publishedUpTo(this.sent), sleep(this.options.clock, limitMs, timeout.signal)]);
    timeout.abort();
    return this.backlog() === 0;
  }

  /** Stops publishing and closes the spool. */
  async close(): Promise<void> {
    this.stopping.abort();
    this.cancelLazy?.();
    await this.appending;
    await this.publishing;
    await this.options.spool.close();
  }

  /** Keeps the order also while the disk refuses: what could not be spooled goes before what comes. */
  private async keep(records: readonly OutgoingRecord[]): Promise<void> {
    const all = [...this.unspooled, ...records];
    try {
      await this.options.spool.append(all);
      this.unspooled = [];
    } catch (error) {
      this.options.logger.error('spool refused records; they are kept in memory', {
        records: all.length,
        error: messageOf(error),
      });
      this.unspooled = all.slice(-UNSPOOLED_MAX);
      this.settle(all.length - this.unspooled.length);
    }
  }

  private flushLater(): void {
    this.cancelLazy ??= this.options.clock.after(LAZY_PUBLISH_MS, () => this.flush());
  }

  private flush(): void {
    this.cancelLazy?.();
    this.cancelLazy = undefined;
    this.wanted = true;
    this.publishing ??= this.publishWhileWanted();
  }

  /** The check and the end are one step, so that no flush falls between them. */
  private async publishWhileWanted(): Promise<void> {
    while (this.wanted && !this.stopping.signal.aborted) {
      this.wanted = false;
      await this.publishAll();
    }
    this.publishing = undefined;
  }

  private async publishAll(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.appending;
      const spooled = ofOneTopic(await this.options.spool.pending(PUBLISH_BATCH_MAX), ({ record }) => record.topic);
      if (spooled.length > 0) {
        if (!(await this.publish(spooled.map(({ record }) => record)))) return;
        await this.acknowledge(spooled.map(({ id }) => id));
        this.settle(spooled.length);
      } else if (this.unspooled.length > 0) {
        this.appending = this.appending.then(() => this.publishUnspooled());
      } else {
        return;
      }
    }
  }

  /** Runs in the chain of appends: what is being published here can't be spooled at the same time. */
  private async publishUnspooled(): Promise<void> {
    const records = ofOneTopic(this.unspooled.slice(0, PUBLISH_BATCH_MAX), ({ topic }) => topic);
    if (records.length === 0 || !(await this.publish(records))) return;
    this.unspooled = this.unspooled.slice(records.length);
    this.settle(records.length);
  }

  /** Tries until the bus has the records; false when the outlet was closed meanwhile. */
  private async publish(records: readonly OutgoingRecord[]): Promise<boolean> {
    const { bus, clock, rng, logger } = this.options;
    for (let attempt = 1; !this.stopping.signal.aborted; attempt++) {
      try {
        await bus.publish(records);
        return true;
      } catch (error) {
        logger.warn('the bus did not take records', { records: records.length, attempt, error: messageOf(error) });
        await sleep(clock, backoffMs(PUBLISH_BACKOFF, attempt, rng), this.stopping.signal);
      }
    }
    return false;
  }

  /** A lost acknowledgement only repeats records with the same ids. */
  private async acknowledge(ids: readonly number[]): Promise<void> {
    try {
      await this.options.spool.acknowledge(ids);
    } catch (error) {
      this.options.logger.warn('spool did not take an acknowledgement', { error: messageOf(error) });
    }
  }

  private publishedUpTo(upTo: number): Promise<void> {
    if (this.done >= upTo) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({ upTo, resolve }));
  }

  private settle(count: number): void {
    this.done += count;
    const [ready, waiting] = [
      this.waiters.filter(({ upTo }) => upTo <= this.done),
      this.waiters.filter(({ upTo }) => upTo > this.done),
    ];
    this.waiters = waiting;
    for (const { resolve } of ready) resolve();
  }
}

/** The items from the first on that have its topic. */
function ofOneTopic<Item>(items: readonly Item[], topicOf: (item: Item) => string): readonly Item[] {
  const [first] = items;
  const end = items.findIndex((item) => first !== undefined && topicOf(item) !== topicOf(first));
  return end === -1 ? items : items.slice(0, end);
}
