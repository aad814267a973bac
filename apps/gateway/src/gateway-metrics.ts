import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10];

/** Metrics of the public door. Labels are closed sets: routes of the contracts, codes of the catalogue. */
export interface GatewayMetrics {
  /** `accepted`, `replayed`, or the code of the refusal. */
  outcome(name: string): void;
  /** An event stream opened; the returned function closes it. */
  streamOpened(): () => void;
  /** Measures every request that a route of ours answers (OBS-09). */
  observe(server: FastifyInstance): void;
}

export function createGatewayMetrics(registry: Registry): GatewayMetrics {
  const registers = [registry];
  const outcomes = new Counter({
    name: 'millrace_gateway_requests_to_generate_total',
    help: 'Requests to make a task, by what became of them.',
    labelNames: ['outcome'],
    registers,
  });
  const requests = new Histogram({
    name: 'millrace_http_request_seconds',
    help: 'Time from the first byte of a request to the last of its answer; event streams are left out.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  });
  const streams = new Gauge({
    name: 'millrace_gateway_event_streams',
    help: 'Event streams that are open.',
    registers,
  });
  return {
    outcome: (name) => outcomes.inc({ outcome: name }),
    streamOpened: () => {
      streams.inc();
      return () => streams.dec();
    },
    observe: (server) => {
      server.addHook('onResponse', (request, response, done) => {
        const route = request.routeOptions.url;
        if (route !== undefined && !route.endsWith('/events')) {
          requests.observe({ method: request.method, route, status: response.statusCode }, response.elapsedTime / 1000);
        }
        done();
      });
    },
  };
}
