import type { Clock, IdGenerator } from '@millrace/kernel';
import { seededRng, uuidv7, VirtualClock } from '@millrace/kernel';
import { EventStamper } from '../codec/event-stamper.js';
import type { NewEvent, ReceivedEvent } from '../ports/event.port.js';
import type { OutgoingRecord } from '../ports/event-bus.port.js';
import type { Tracer } from '../ports/tracing.port.js';
import type { TransactionScope, UnitOfWork } from '../ports/unit-of-work.port.js';

export interface InMemoryUnitOfWorkOptions {
  /** Remembers the stores' state; the function returned puts it back. Without it a roll-back leaves the stores alone. */
  readonly snapshot?: () => () => void;
  /** Called after each commit with the stamped records of the outbox, as the dispatcher is in production. */
  readonly committed?: (records: readonly OutgoingRecord[]) => Promise<void>;
  readonly clock?: Clock;
  readonly ids?: IdGenerator;
  readonly tracer?: Tracer;
}

export interface InMemoryUnitOfWork<Stores> {
  readonly unitOfWork: UnitOfWork<Stores & TransactionScope>;
  /** The events of every committed transaction, in order of commit. */
  readonly published: readonly NewEvent[];
  /** The next commit fails with this error after the work is done; everything rolls back. */
  failNextCommit(error: Error): void;
}

/**
 * Transactions in memory: outbox, inbox and (by `snapshot`) stores commit together or not at all. One at a time, in
 * the order in which they began; a transaction inside another one would wait for ever and is refused by a time-out
 * in the test.
 */
export function createInMemoryUnitOfWork<Stores extends object>(
  stores: Stores,
  options: InMemoryUnitOfWorkOptions = {},
): InMemoryUnitOfWork<Stores> {
  const transactions = new Transactions(stores, options);
  return {
    unitOfWork: { run: (work) => transactions.run(work) },
    published: transactions.published,
    failNextCommit: (error) => {
      transactions.commitError = error;
    },
  };
}

class Transactions<Stores extends object> {
  readonly published: NewEvent[] = [];
  commitError: Error | undefined;
  private readonly applied = new Set<string>();
  private readonly stamper: EventStamper;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly stores: Stores,
    private readonly options: InMemoryUnitOfWorkOptions,
  ) {
    const clock = options.clock ?? new VirtualClock();
    const rng = seededRng(1);
    const ids = options.ids ?? { next: () => uuidv7(clock.now(), rng) };
    this.stamper = new EventStamper({
      clock,
      ids,
      ...(options.tracer === undefined ? {} : { tracer: options.tracer }),
    });
  }

  async run<Result>(work: (scope: Stores & TransactionScope) => Promise<Result>): Promise<Result> {
    const transaction = this.queue.then(() => this.transact(work));
    this.queue = transaction.catch(() => {});
    const { result, records } = await transaction;
    if (records.length > 0) await this.options.committed?.(records);
    return result;
  }

  private async transact<Result>(work: (scope: Stores & TransactionScope) => Promise<Result>): Promise<{
    result: Result;
    records: readonly OutgoingRecord[];
  }> {
    const restore = this.options.snapshot?.();
    const events: NewEvent[] = [];
    const records: OutgoingRecord[] = [];
    const claimed = new Set<string>();
    try {
      const result = await work({ ...this.stores, ...this.scope(events, records, claimed) });
      this.assertCommits();
      this.published.push(...events);
      for (const mark of claimed) this.applied.add(mark);
      return { result, records };
    } catch (error) {
      restore?.();
      throw error;
    }
  }

  private scope(events: NewEvent[], records: OutgoingRecord[], claimed: Set<string>): TransactionScope {
    return {
      outbox: {
        add: async (added) => {
          // Stamped here, as in production: data that break their schema fail the transaction.
          records.push(...this.stamper.stamp(added));
          events.push(...added);
        },
      },
      inbox: { claim: async (consumer, received) => this.claim(consumer, received, claimed) },
    };
  }

  private claim(consumer: string, received: readonly ReceivedEvent[], claimed: Set<string>): readonly ReceivedEvent[] {
    return received.filter(({ id }) => {
      const mark = `${consumer}/${id}`;
      if (this.applied.has(mark) || claimed.has(mark)) return false;
      claimed.add(mark);
      return true;
    });
  }

  private assertCommits(): void {
    const error = this.commitError;
    this.commitError = undefined;
    if (error !== undefined) throw error;
  }
}
