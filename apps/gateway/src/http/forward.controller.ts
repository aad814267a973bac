import { Controller, Inject, Req } from '@nestjs/common';
import {
  getCosts,
  getWebhookSecret,
  listDeliveries,
  listWorkers,
  type CostAnswer,
  type Principal,
  type RouteInput,
} from '@millrace/contracts';
import { AppError, messageOf, type Clock, type Logger, type TaskId, type TenantId } from '@millrace/kernel';
import type { Tracer } from '@millrace/messaging/ports';
import { CLOCK, Caller, Input, LOGGER, Route, TRACER, principalHeader, reply, type Reply } from '@millrace/platform';
import type { FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.js';
import { GATEWAY } from '../tokens.js';
import { unheardCosts } from './unheard-costs.js';

const UNAUTHORIZED = 401;
const NOT_FOUND = 404;
const TIMEOUT_MS = 10_000;
const ANSWER_MAX_BYTES = 4 * 1024 * 1024;
const HEADERS_PASSED_ON = ['content-type', 'link', 'etag', 'cache-control', 'retry-after'];

type ForwardedRoute = typeof getCosts | typeof getWebhookSecret | typeof listDeliveries | typeof listWorkers;

/** Hands other services' resources on, with a short-lived signed principal in place of the key. */
@Controller()
export class ForwardController {
  constructor(
    @Inject(GATEWAY) private readonly gateway: Gateway,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(TRACER) private readonly tracer: Tracer,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Route(getCosts)
  async costs(
    @Input() { query }: RouteInput<typeof getCosts>,
    @Req() request: FastifyRequest,
    @Caller() caller: Principal,
  ): Promise<Reply | CostAnswer> {
    const answer = await this.forward(getCosts, request, caller);
    if (answer.status !== NOT_FOUND) return answer;
    // Billing hears of a task with its first usage. Before that, and of one that never ran, the gateway alone knows.
    return unheardCosts(await this.gateway.tasks.one(caller.tenantId as TenantId, query.task as TaskId));
  }

  @Route(getWebhookSecret)
  webhookSecret(@Req() request: FastifyRequest, @Caller() caller: Principal): Promise<Reply> {
    return this.forward(getWebhookSecret, request, caller);
  }

  @Route(listDeliveries)
  deliveries(@Req() request: FastifyRequest, @Caller() caller: Principal): Promise<Reply> {
    return this.forward(listDeliveries, request, caller);
  }

  @Route(listWorkers)
  workers(@Req() request: FastifyRequest, @Caller() caller: Principal): Promise<Reply> {
    return this.forward(listWorkers, request, caller);
  }

  private async forward(route: ForwardedRoute, request: FastifyRequest, caller: Principal): Promise<Reply> {
    const target = route.service;
    const { services, principalKey } = this.gateway.options;
    const url = forwardUrl(services()[target], route.path, request.url);
    const traceparent = this.tracer.activeTraceparent();
    const headers = {
      authorization: principalHeader(caller, principalKey, this.clock),
      'x-request-id': request.id,
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    try {
      const answer = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
      // The caller's key was good here: this is a wrong clock or key of ours, and no fault of the caller.
      if (answer.status === UNAUTHORIZED)
        throw new Error('it refuses the gateway: the clocks of both and MILLRACE_PRINCIPAL_KEY must agree');
      return reply(answer.status, await readBounded(answer), passedOn(answer.headers));
    } catch (error) {
      this.logger.warn('a service did not answer', { target, error: messageOf(error) });
      throw notAnswering(error);
    }
  }
}

/**
 * The route's own path at the service's address, with the caller's query. The request line itself is not used: in its
 * absolute form it names a host, and would send the principal there.
 */
export function forwardUrl(base: string, path: string, requestLine: string): URL {
  const url = new URL(path, base);
  const query = requestLine.indexOf('?');
  if (query >= 0) url.search = requestLine.slice(query);
  return url;
}

async function readBounded(answer: Response): Promise<string> {
  const text = await answer.text();
  if (text.length > ANSWER_MAX_BYTES) throw new Error(`the answer is longer than ${ANSWER_MAX_BYTES} bytes`);
  return text;
}

function passedOn(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    HEADERS_PASSED_ON.flatMap((name) => (headers.has(name) ? [[name, headers.get(name) ?? '']] : [])),
  );
}

function notAnswering(cause: unknown): AppError {
  return new AppError({
    kind: 'unavailable',
    code: 'service_unavailable',
    message: 'The service that owns this resource does not answer; try again in a few seconds.',
    retryAfterMs: 3000,
    cause,
  });
}
