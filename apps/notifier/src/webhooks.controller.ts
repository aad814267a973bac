import { Controller, Inject } from '@nestjs/common';
import {
  getWebhookSecret,
  listDeliveries,
  type Principal,
  type RouteInput,
  type WebhookSecretAnswer,
} from '@millrace/contracts';
import { toIso } from '@millrace/kernel';
import { Caller, Input, Route, reply, type Reply } from '@millrace/platform';
import { ReadWebhooks } from './read-webhooks.js';
import { cursorOf, deliveryToHttp, positionOf } from './webhooks.convert.js';

@Controller()
export class WebhooksController {
  constructor(@Inject(ReadWebhooks) private readonly webhooks: ReadWebhooks) {}

  @Route(getWebhookSecret)
  async secret(@Caller() caller: Principal): Promise<Reply> {
    const { current, createdAt, previous } = await this.webhooks.secrets(caller.tenantId);
    const answer: WebhookSecretAnswer = {
      secret: current,
      created_at: toIso(createdAt),
      previous: previous === undefined ? null : { secret: previous.secret, expires_at: toIso(previous.expiresAt) },
    };
    return reply(200, answer, { 'Cache-Control': 'no-store' });
  }

  @Route(listDeliveries)
  async deliveries(@Input() { query }: RouteInput<typeof listDeliveries>, @Caller() caller: Principal) {
    const found = await this.webhooks.deliveries(caller.tenantId, {
      limit: query.limit + 1,
      ...(query.task === undefined ? {} : { taskId: query.task }),
      ...(query.cursor === undefined ? {} : { before: positionOf(query.cursor) }),
    });
    const page = found.slice(0, query.limit);
    const more = found.length > page.length;
    const last = page.at(-1);
    return {
      data: page.map(deliveryToHttp),
      has_more: more,
      next_cursor: more && last !== undefined ? cursorOf(last.delivery) : null,
    };
  }
}
