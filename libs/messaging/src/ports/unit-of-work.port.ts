import type { NewEvent, ReceivedEvent } from './event.port.js';

/** Writes events in the transaction of the state change. Published after the commit, at least once. */
export interface Outbox {
  add(events: readonly NewEvent[]): Promise<void>;
}

/**
 * Marks events as applied by a consumer, in the transaction of the effect.
 * Primary key (consumer, event id): a redelivery has no effect.
 */
export interface Inbox {
  /** Marks all and returns those that were not marked before, in the order given. */
  claim(consumer: string, events: readonly ReceivedEvent[]): Promise<readonly ReceivedEvent[]>;
}

/** What every transaction offers; a context adds its stores. */
export interface TransactionScope {
  readonly outbox: Outbox;
  readonly inbox: Inbox;
}

/**
 * One transaction: stores, inbox and outbox commit together or not at all. Nothing else opens one.
 * After the commit the outbox rows are published at once; a relay publishes what a crash left behind.
 */
export interface UnitOfWork<Scope extends TransactionScope> {
  run<Result>(work: (scope: Scope) => Promise<Result>): Promise<Result>;
}
