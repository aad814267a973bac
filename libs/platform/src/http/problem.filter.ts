import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { AppError, messageOf, type Logger } from '@millrace/kernel';
import { traceIdOf, type Tracer } from '@millrace/messaging/ports';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOGGER, TRACER } from '../tokens.js';
import { toProblem } from './problem.js';
import { RouteInventory } from './route-inventory.js';
import { fromTransportFault } from './transport-fault.js';

/** Renders everything thrown on the way of a request as a problem (RFC 9457). The one place that knows statuses. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(TRACER) private readonly tracer: Tracer,
    private readonly routes: RouteInventory,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw thrown;
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const response = host.switchToHttp().getResponse<FastifyReply>();
    const path = request.url.split('?')[0] ?? request.url;
    const allowed = this.routes.methodsOf(path);
    const error = fromTransportFault(thrown, { method: request.method, path, allowed });
    const traceId = traceIdOf(request.span?.traceparent ?? this.tracer.activeTraceparent());
    const problem = toProblem(error, { instance: path, traceId });
    if (problem.status >= 500)
      this.logger.error('request failed', {
        path,
        code: problem.code,
        error: messageOf(error),
        stack: error instanceof Error ? error.stack : undefined,
        traceId,
      });
    if (response.sent || response.raw.headersSent) return void response.raw.destroy();
    void response
      .status(problem.status)
      .headers(headersFor(problem.status, error, allowed))
      .type('application/problem+json')
      .send(JSON.stringify(problem));
  }
}

function headersFor(status: number, error: unknown, allowed: readonly string[]): Record<string, string> {
  if (status === 401) return { 'WWW-Authenticate': 'Bearer realm="millrace"' };
  if (status === 405) return { Allow: allowed.join(', ') };
  if (status === 429 || status === 503) {
    const afterMs = error instanceof AppError ? (error.retryAfterMs ?? 1000) : 1000;
    return { 'Retry-After': String(Math.max(1, Math.ceil(afterMs / 1000))) };
  }
  return {};
}
