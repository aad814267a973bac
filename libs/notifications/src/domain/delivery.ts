import { type DurationMs, type Instant, type Rng } from '@millrace/kernel';
import { nextTryDelayMs } from './retry-schedule.js';

/** `pending` until a 2xx (`delivered`), or until no try is left or the receiver is gone (`failed`). */
export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One event on its way to one endpoint. Its identity is (event, url): a replayed event makes no second one. */
export interface Delivery {
  readonly id: string;
  readonly tenantId: string;
  readonly taskId: string;
  /** Also the `webhook-id`, the same on every try. */
  readonly eventId: string;
  /** `task.completed` … */
  readonly eventType: string;
  readonly url: string;
  /** When the event happened, ISO-8601. */
  readonly occurredAt: string;
  readonly content: DeliveryContent;
  readonly traceparent: string | undefined;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly createdAt: Instant;
  /** When the next try is due; null in a final state. */
  readonly nextTryAt: Instant | null;
}

/** The body without its signed URLs: those are made anew at each try. */
export interface DeliveryContent {
  readonly data: Readonly<Record<string, unknown>>;
  readonly resultKey?: string;
  readonly thumbnailKey?: string;
}

/** Why a try did not end with 2xx. `refused_address`: the outbound rules forbid the address, no byte was sent. */
export const TRY_ERRORS = [
  'timeout',
  'connection',
  'tls',
  'refused_address',
  'redirect',
  'status_4xx',
  'status_5xx',
  'gone',
  'response_too_large',
] as const;
export type TryError = (typeof TRY_ERRORS)[number];

export interface TryOutcome {
  readonly statusCode: number | null;
  readonly latencyMs: DurationMs;
  readonly error: TryError | null;
  readonly retryAfterMs?: DurationMs;
  /** First KiB of the answer, only from a public address. */
  readonly answer?: string;
}

/** One line of the delivery log. */
export interface DeliveryTry {
  readonly deliveryId: string;
  readonly number: number;
  readonly at: Instant;
  readonly outcome: TryOutcome;
}

/** What a try makes of a delivery: 2xx delivers, 410 ends it, anything else is tried again while tries are left. */
export function afterTry(delivery: Delivery, outcome: TryOutcome, now: Instant, rng: Rng): Delivery {
  const tries = delivery.tries + 1;
  if (outcome.error === null) return { ...delivery, tries, state: 'delivered', nextTryAt: null };
  const delayMs = outcome.error === 'gone' ? undefined : nextTryDelayMs(tries, outcome.retryAfterMs, rng);
  if (delayMs === undefined) return { ...delivery, tries, state: 'failed', nextTryAt: null };
  return { ...delivery, tries, nextTryAt: now + delayMs };
}
