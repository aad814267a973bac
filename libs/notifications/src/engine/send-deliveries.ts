import { notificationDelivered } from '@millrace/contracts';
import { toIso, type Clock, type Logger, type Rng } from '@millrace/kernel';
import { newEvent, type NewEvent, type Tracer } from '@millrace/messaging/ports';
import { afterTry, type Delivery, type DeliveryTry, type TryOutcome } from '../domain/delivery.js';
import type { NotificationUnitOfWork } from './plan-deliveries.js';
import type { ResultUrls } from './ports/result-urls.port.js';
import type { WebhookSender } from './ports/webhook-sender.port.js';
import type { ReadSecrets } from './read-secrets.js';

/** A result URL in a webhook is good for as long as retries last, and as S3 allows. */
const URL_LIFETIME_S = 7 * 24 * 3600;
/** Longer than a try can take (time-out 15 s), so that a taken delivery is not taken twice while its taker lives. */
const HOLD_MS = 60_000;
const PER_ENDPOINT_LIMIT = 10;

export interface SendDeliveriesParts {
  readonly unitOfWork: NotificationUnitOfWork;
  readonly sender: WebhookSender;
  readonly secrets: ReadSecrets;
  readonly urls: ResultUrls;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly tracer: Tracer;
  readonly logger: Logger;
}

/** Sends what is due. A crash between sending and recording sends again: at least once, with the same webhook-id (P14). */
export class SendDeliveries {
  constructor(private readonly parts: SendDeliveriesParts) {}

  /** Takes at most `limit` due deliveries for this process. */
  take(limit: number): Promise<readonly Delivery[]> {
    const { unitOfWork, clock } = this.parts;
    return unitOfWork.run(({ deliveries }) =>
      deliveries.takeDue(clock.now(), { limit, perEndpoint: PER_ENDPOINT_LIMIT, holdMs: HOLD_MS }),
    );
  }

  /** Makes one try of a taken delivery and records it at once: a hanging receiver holds up no other's record. */
  async deliver(delivery: Delivery): Promise<void> {
    const { tracer, clock, rng, unitOfWork, logger } = this.parts;
    const span = tracer.startSpan('webhook.deliver', {
      kind: 'client',
      parent: delivery.traceparent,
      attributes: { 'millrace.event.type': delivery.eventType, 'millrace.webhook.try': delivery.tries + 1 },
    });
    const sentAt = clock.now();
    const outcome = await this.send(delivery, span.traceparent);
    const next = afterTry(delivery, outcome, clock.now(), rng);
    const logged: DeliveryTry = { deliveryId: delivery.id, number: next.tries, at: sentAt, outcome };
    await unitOfWork.run(async ({ deliveries, outbox }) => {
      await deliveries.recordTries([{ delivery: next, logged }]);
      if (next.state === 'delivered') await outbox.add([this.deliveredEvent(next, outcome, span.traceparent)]);
    });
    if (outcome.error !== null)
      logger.warn('webhook not delivered', {
        delivery: delivery.id,
        error: outcome.error,
        status: outcome.statusCode,
        tries: next.tries,
        state: next.state,
      });
    span.end(outcome.error === null ? {} : { error: outcome.error });
  }

  private async send(delivery: Delivery, traceparent: string): Promise<TryOutcome> {
    const { sender, secrets, clock } = this.parts;
    return sender.send({
      url: delivery.url,
      eventId: delivery.eventId,
      sentAt: clock.now(),
      body: JSON.stringify({
        type: delivery.eventType,
        timestamp: delivery.occurredAt,
        data: await this.dataOf(delivery),
      }),
      secrets: await secrets.signing(delivery.tenantId),
      traceparent,
    });
  }

  private async dataOf({ content, taskId }: Delivery): Promise<Record<string, unknown>> {
    const { urls } = this.parts;
    const sign = (key: string | undefined, name: string): Promise<string> | undefined =>
      key === undefined ? undefined : urls.signedUrl(key, { expiresInS: URL_LIFETIME_S, downloadName: name });
    return {
      ...content.data,
      result_url: (await sign(content.resultKey, `${taskId}.mp4`)) ?? null,
      thumbnail_url: await sign(content.thumbnailKey, `${taskId}.jpg`),
    };
  }

  private deliveredEvent(delivery: Delivery, outcome: TryOutcome, traceparent: string): NewEvent {
    return newEvent(
      notificationDelivered,
      {
        deliveryId: delivery.id,
        eventId: delivery.eventId,
        eventType: delivery.eventType,
        taskId: delivery.taskId,
        tenantId: delivery.tenantId,
        endpoint: originOf(delivery.url),
        tries: delivery.tries,
        statusCode: outcome.statusCode ?? 0,
        deliveredAt: toIso(this.parts.clock.now()),
      },
      { tenantId: delivery.tenantId, traceparent },
    );
  }
}

/** Scheme, host and port: paths and queries of receivers may hold secrets. */
export function originOf(url: string): string {
  return /^[a-z]+:\/\/[^/?#]+/i.exec(url)?.[0] ?? 'unknown';
}
