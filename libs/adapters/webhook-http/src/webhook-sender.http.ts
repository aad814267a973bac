import { AppError, type Clock } from '@millrace/kernel';
import {
  checkIpAddress,
  checkUrl,
  STRICT_RULES,
  type OutboundRules,
  type TryError,
  type TryOutcome,
} from '@millrace/notifications';
import type { WebhookRequest, WebhookSender } from '@millrace/notifications/ports';
import { Webhook } from 'standardwebhooks';
import { request, type Dispatcher } from 'undici';
import { retryAfterMs } from './retry-after.js';
import { createVettedAgent, systemResolver, type ResolveAll } from './vetted-agent.js';

const TRY_TIMEOUT_MS = 15_000;
/** What is kept of an answer, for the delivery log. */
const KEPT_ANSWER_BYTES = 1024;
/** Past this an answer is cut off: a receiver has nothing to say that long. */
const ANSWER_LIMIT_BYTES = 64 * 1024;

export interface HttpWebhookSender extends WebhookSender {
  close(): Promise<void>;
}

/** Standard Webhooks 1.0.0 over HTTP, by the outbound address rules. Redirects are failures and never followed. */
export function createHttpWebhookSender(options: {
  rules: OutboundRules;
  clock: Clock;
  userAgent?: string;
  resolve?: ResolveAll;
}): HttpWebhookSender {
  const agent = createVettedAgent(options.rules, options.resolve ?? systemResolver);
  const userAgent = options.userAgent ?? 'Millrace';
  return {
    send: async (webhook) => {
      const startedAt = options.clock.monotonicMs();
      const result = await attempt(webhook, { agent, rules: options.rules, userAgent, now: options.clock.now() }).catch(
        outcomeOfFault,
      );
      return { ...result, latencyMs: Math.round(options.clock.monotonicMs() - startedAt) };
    },
    close: () => agent.destroy(),
  };
}

type Result = Omit<TryOutcome, 'latencyMs'>;

interface Context {
  readonly agent: Dispatcher;
  readonly rules: OutboundRules;
  readonly userAgent: string;
  readonly now: number;
}

async function attempt(webhook: WebhookRequest, context: Context): Promise<Result> {
  if (!URL.canParse(webhook.url) || !checkUrl(new URL(webhook.url), context.rules).allowed)
    return { statusCode: null, error: 'refused_address' };
  const signal = AbortSignal.timeout(TRY_TIMEOUT_MS);
  const response = await request(webhook.url, {
    method: 'POST',
    dispatcher: context.agent,
    headers: headersOf(webhook, context.userAgent),
    body: webhook.body,
    signal,
    headersTimeout: TRY_TIMEOUT_MS,
    bodyTimeout: TRY_TIMEOUT_MS,
  });
  const { text, overlong } = await readAnswer(response.body);
  const error = errorOfStatus(response.statusCode) ?? (overlong ? 'response_too_large' : null);
  const waitMs = retryAfterMs(response.headers['retry-after'], context.now);
  return {
    statusCode: response.statusCode,
    error,
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    ...(answersFromPublicAddress(response) ? { answer: text } : {}),
  };
}

function headersOf(webhook: WebhookRequest, userAgent: string): Record<string, string> {
  const sentAt = new Date(webhook.sentAt);
  const signatures = webhook.secrets.map((secret) => new Webhook(secret).sign(webhook.eventId, sentAt, webhook.body));
  return {
    'content-type': 'application/json',
    'user-agent': userAgent,
    'webhook-id': webhook.eventId,
    'webhook-timestamp': String(Math.floor(webhook.sentAt / 1000)),
    'webhook-signature': signatures.join(' '),
    ...(webhook.traceparent === undefined ? {} : { traceparent: webhook.traceparent }),
  };
}

/** Reads the first KiB, and drops the rest up to the limit so that the connection can be used again. */
async function readAnswer(
  body: AsyncIterable<Uint8Array> & { destroy(): unknown },
): Promise<{ text: string; overlong: boolean }> {
  const kept: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (bytes < KEPT_ANSWER_BYTES) kept.push(chunk.subarray(0, KEPT_ANSWER_BYTES - bytes));
    bytes += chunk.length;
    if (bytes > ANSWER_LIMIT_BYTES) {
      body.destroy();
      return { text: Buffer.concat(kept).toString('utf8'), overlong: true };
    }
  }
  return { text: Buffer.concat(kept).toString('utf8'), overlong: false };
}

/** An answer from inside the operator's network may hold what a tenant must not see. */
function answersFromPublicAddress(response: Dispatcher.ResponseData): boolean {
  const { socket } = response.body as { socket?: { remoteAddress?: string } };
  return socket?.remoteAddress !== undefined && checkIpAddress(socket.remoteAddress, STRICT_RULES).allowed;
}

function errorOfStatus(status: number): TryError | null {
  if (status >= 200 && status < 300) return null;
  if (status === 410) return 'gone';
  if (status < 400) return 'redirect';
  return status < 500 ? 'status_4xx' : 'status_5xx';
}

function outcomeOfFault(fault: unknown): Result {
  return { statusCode: null, error: errorOfFault(fault) };
}

function errorOfFault(fault: unknown): TryError {
  for (let error: unknown = fault; error instanceof Error; error = error.cause) {
    if (error instanceof AppError && error.code === 'address_refused') return 'refused_address';
    if (error.name === 'TimeoutError') return 'timeout';
    const code = 'code' in error ? String(error.code) : '';
    if (code.includes('TIMEOUT') || code === 'ETIMEDOUT') return 'timeout';
    if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)) return 'tls';
  }
  return 'connection';
}
