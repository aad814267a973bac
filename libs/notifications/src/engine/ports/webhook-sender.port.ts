import type { Instant } from '@millrace/kernel';
import type { TryOutcome } from '../../domain/delivery.js';

export interface WebhookRequest {
  readonly url: string;
  /** `webhook-id`. */
  readonly eventId: string;
  /** `webhook-timestamp`: the time of this try. */
  readonly sentAt: Instant;
  readonly body: string;
  /** Signed with each of them. */
  readonly secrets: readonly string[];
  readonly traceparent: string | undefined;
}

/** Sends one signed request by the outbound rules. Never throws: every fault is an outcome. Follows no redirect. */
export interface WebhookSender {
  send(request: WebhookRequest): Promise<TryOutcome>;
}
