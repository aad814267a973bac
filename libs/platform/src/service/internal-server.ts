import { createServer, type Server } from 'node:http';
import { messageOf } from '@millrace/kernel';
import type { Registry } from 'prom-client';
import type { HealthRegistry } from '../health/health-registry.js';
import { listenFault } from './listen-fault.js';

/** The operator's port: `/metrics`, `/health/live`, `/health/ready`. Resolves when it listens. */
export async function startInternalServer(options: {
  host: string;
  port: number;
  metrics: Registry;
  health: HealthRegistry;
}): Promise<Server> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', options)
      .catch(noAnswer)
      .then(({ status, type, body }) => response.writeHead(status, { 'Content-Type': type }).end(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(listenFault(error, { host: options.host, port: options.port, variable: 'MILLRACE_INTERNAL_PORT' })),
    );
    server.listen(options.port, options.host, resolve);
  });
  return server;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What is asked for can't be told now: the operator's question must not end the process. */
function noAnswer(error: unknown): Answer {
  return { status: 503, type: 'text/plain', body: `${messageOf(error)}\n` };
}

async function answer(
  url: string,
  { metrics, health }: { metrics: Registry; health: HealthRegistry },
): Promise<Answer> {
  switch (url.split('?')[0]) {
    case '/metrics':
      return { status: 200, type: metrics.contentType, body: await metrics.metrics() };
    case '/health/live':
      return { status: 200, type: 'application/json', body: '{"status":"ok"}' };
    case '/health/ready': {
      const report = await health.report();
      return { status: report.ready ? 200 : 503, type: 'application/json', body: JSON.stringify(report) };
    }
    default:
      return { status: 404, type: 'text/plain', body: 'only /metrics, /health/live and /health/ready are here\n' };
  }
}
