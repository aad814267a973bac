import { Webhook } from 'standardwebhooks';
import type { WebhookReceipt } from '@millrace/checker';
import type { DurationMs } from '@millrace/kernel';
import type { WebhookRequest } from '@millrace/notifications/ports';
import type { MachineWorld } from './machine.js';

export interface SentWebhook extends WebhookRequest {
  readonly signatures: readonly string[];
}

interface Arrival {
  readonly webhook: SentWebhook;
  readonly taken: boolean;
}

/** The endpoints of all tenants, one each: they keep what they were sent, and check it by their own secret. */
export class Receivers {
  private readonly arrivals: Arrival[] = [];
  private awayUntilMs = 0;

  constructor(private readonly world: MachineWorld) {}

  areAway(): boolean {
    return this.world.clock.monotonicMs() < this.awayUntilMs;
  }

  goAway(durationMs: DurationMs): void {
    this.awayUntilMs = this.world.clock.monotonicMs() + durationMs;
  }

  comeBack(): void {
    this.awayUntilMs = 0;
  }

  take(webhook: SentWebhook, taken: boolean): void {
    this.arrivals.push({ webhook, taken });
  }

  /** @param secretOf what each tenant has in its settings, read when all is over. */
  receipts(secretOf: (tenantId: string) => string): readonly WebhookReceipt[] {
    return this.arrivals.map(({ webhook: { url, eventId, sentAt, body, signatures }, taken }) => {
      const tenantId = tenantOf(url);
      const own = new Webhook(secretOf(tenantId)).sign(eventId, new Date(sentAt), body);
      return { tenantId, url, webhookId: eventId, body, signatureValid: signatures.includes(own), taken };
    });
  }
}

export function callbackUrlOf(tenantId: string): string {
  return `https://${tenantId}.example/hook`;
}

function tenantOf(url: string): string {
  return /^https:\/\/([a-z]+)\.example\//.exec(url)?.[1] ?? 'unknown';
}
