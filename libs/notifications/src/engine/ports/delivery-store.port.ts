import type { DurationMs, Instant } from '@millrace/kernel';
import type { Delivery, DeliveryTry } from '../../domain/delivery.js';

export interface DeliveryPage {
  readonly limit: number;
  /** Older than this one, in order (createdAt, id) newest first. */
  readonly before?: { readonly createdAt: Instant; readonly id: string };
  readonly taskId?: string;
}

export interface LoggedDelivery {
  readonly delivery: Delivery;
  readonly tries: readonly DeliveryTry[];
}

/** Deliveries and their log. Identity (event id, url), for ever. */
export interface DeliveryStore {
  /** Adds those that are not there yet, and ignores the others. */
  add(deliveries: readonly Delivery[]): Promise<void>;
  /**
   * Takes at most `limit` deliveries due at `now`, oldest first, so that at most `perEndpoint` of one origin are taken at
   * a time, and keeps other takers off them for `holdMs` or until their try is recorded: a taker that dies delays a
   * try, and never loses one.
   */
  takeDue(
    now: Instant,
    options: { readonly limit: number; readonly perEndpoint: number; readonly holdMs: DurationMs },
  ): Promise<readonly Delivery[]>;
  /** Writes the new states and log lines. */
  recordTries(results: readonly { readonly delivery: Delivery; readonly logged: DeliveryTry }[]): Promise<void>;
  /** When the next try of all is due, undefined when none waits. */
  nextDueAt(): Promise<Instant | undefined>;
  /** The log of one tenant, newest first. */
  list(tenantId: string, page: DeliveryPage): Promise<readonly LoggedDelivery[]>;
  /** Removes at most `limit` final deliveries created before `cutoff`; returns how many. */
  removeBefore(cutoff: Instant, limit: number): Promise<number>;
}
