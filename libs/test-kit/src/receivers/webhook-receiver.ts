import { eventually } from '../eventually.js';
import { startHttpReceiver, type HttpReceiver, type ReceiverAnswer } from './http-receiver.js';

export interface ReceivedWebhook {
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it was signed. */
  readonly body: string;
}

export interface WebhookReceiver extends HttpReceiver {
  /** In order of arrival. */
  readonly received: readonly ReceivedWebhook[];
  /** Waits until so many that match have come, and returns these. */
  waitFor(
    count: number,
    options?: { readonly timeoutMs?: number; readonly matching?: (webhook: ReceivedWebhook) => boolean },
  ): Promise<readonly ReceivedWebhook[]>;
}

/** A customer's endpoint: takes POSTs, keeps them, and answers 204 or what `answer` says. */
export async function startWebhookReceiver(
  answer: (webhook: ReceivedWebhook, count: number) => ReceiverAnswer | Promise<ReceiverAnswer> = () => ({
    status: 204,
  }),
): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  const receiver = await startHttpReceiver(({ method, path, headers, body }) => {
    if (method !== 'POST') return { status: 405, headers: { allow: 'POST' } };
    const webhook = { path, headers, body: body.toString('utf8') };
    received.push(webhook);
    return answer(webhook, received.length);
  });
  const waitFor: WebhookReceiver['waitFor'] = (count, options = {}) =>
    eventually(() => {
      const matching = received.filter(options.matching ?? (() => true));
      if (matching.length < count) throw new Error(`${matching.length} of ${count} webhooks came`);
      return matching;
    }, options);
  return { ...receiver, received, waitFor };
}
