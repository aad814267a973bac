import type { TryOutcome } from '../domain/delivery.js';
import type { WebhookRequest, WebhookSender } from '../engine/ports/index.js';

/** A receiver by script: answers each request with the next outcome, the last one for ever. */
export class ScriptedWebhookSender implements WebhookSender {
  readonly requests: WebhookRequest[] = [];

  constructor(private readonly outcomes: readonly Partial<TryOutcome>[] = [{}]) {}

  async send(request: WebhookRequest): Promise<TryOutcome> {
    this.requests.push(request);
    const outcome = this.outcomes[Math.min(this.requests.length, this.outcomes.length) - 1];
    return { statusCode: 204, latencyMs: 1, error: null, ...outcome };
  }
}
