import type { Span, Tracer } from '@millrace/messaging/ports';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The server span of this request. */
    span?: Span;
  }
}

/** Requests that are asked for all the time and tell nothing: no span. */
const UNTRACED = /^\/(health|metrics|favicon)/;

/** One server span per request; what the controller emits runs inside it. Answers carry traceparent and X-Request-Id. */
export function traceRequests(server: FastifyInstance, tracer: Tracer): void {
  server.addHook('onRequest', (request, _response, done) => {
    if (!UNTRACED.test(request.url)) {
      const parent = request.headers['traceparent'];
      request.span = tracer.startSpan(`${request.method} ${request.routeOptions.url ?? 'unknown'}`, {
        kind: 'server',
        parent: typeof parent === 'string' ? parent : undefined,
        attributes: { 'http.request.method': request.method, 'http.route': request.routeOptions.url ?? '' },
      });
    }
    done();
  });
  // The body is parsed in the socket's own context: only from here on is the span's context the handler's.
  server.addHook('preHandler', (request, _response, done) => {
    if (request.span === undefined) return done();
    void tracer.withSpan(request.span, async () => done());
  });
  server.addHook('onSend', (request, response, payload, done) => {
    if (request.span !== undefined) void response.header('traceparent', request.span.traceparent);
    void response.header('X-Request-Id', request.id);
    done(null, payload);
  });
  server.addHook('onResponse', (request, response, done) => {
    request.span?.setAttributes({ 'http.response.status_code': response.statusCode });
    request.span?.end(response.statusCode >= 500 ? { error: `status ${response.statusCode}` } : {});
    done();
  });
}
