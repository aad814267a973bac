import 'reflect-metadata';
import type { IncomingMessage } from 'node:http';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { EventStamper, createConsumerRuntime, createEventPublisher } from '@millrace/messaging';
import type { ParkedEventStore } from '@millrace/messaging/ports';
import { EventTransport } from '../events/event-transport.js';
import type { Authenticator } from '../http/authenticator.port.js';
import { traceRequests } from '../http/request-span.js';
import { PlatformModule } from '../platform.module.js';
import { createNestLogger } from '../telemetry/nest-logger.js';
import { createConsumerObserver } from '../telemetry/consumer-observer.js';
import { observeConsumers } from '../telemetry/consumer-metrics.js';
import type { HostParts } from './host-parts.js';
import { listenFault } from './listen-fault.js';

/** guarantees.md section 4: resource use. */
const BODY_LIMIT_BYTES = 256 * 1024;
/** Longer request lines are refused before they are parsed. */
const PARAM_LIMIT = 512;

export interface StartServiceOptions {
  /** Prefix of its consumer groups, name in logs and spans. */
  readonly name: string;
  readonly parts: HostParts;
  /** Where its consumers set events aside. */
  readonly parked: ParkedEventStore;
  readonly authenticator: Authenticator;
  /** Built after the platform's parts are there. */
  readonly modules: readonly DynamicModule[];
  readonly http: { readonly host: string; readonly port: number };
  /** Called with the Fastify application before it listens: static files, plugins. */
  readonly configure?: (app: NestFastifyApplication) => Promise<void>;
}

export interface RunningService {
  /** Base URL of its HTTP server, without a slash at the end. */
  readonly url: string;
  readonly transport: EventTransport;
  /** Stops taking requests, drains the consumers, then ends the modules. */
  stop(): Promise<void>;
}

@Module({})
class ServiceModule {}

/** Starts one service: its modules, its consumers and its HTTP server. Resolves when all are ready. */
export async function startService(options: StartServiceOptions): Promise<RunningService> {
  const { parts } = options;
  const app = await createApplication(options);
  const transport = app.get(EventTransport);
  await options.configure?.(app);
  traceRequests(app.getHttpAdapter().getInstance(), parts.tracer);
  app.connectMicroservice({ strategy: transport }, { inheritAppConfig: true });
  await app.init();
  await app.startAllMicroservices();
  await app.listen(options.http.port, options.http.host).catch(async (error: unknown) => {
    await app.close();
    throw listenFault(error, { ...options.http, variable: 'MILLRACE_HTTP_PORT' });
  });
  observeConsumers(transport, parts.metrics);
  parts.health.register(`${options.name}.bus`, () => parts.bus.ping());
  const url = await app.getUrl();
  parts.logger.info('service started', { url });
  return { url: url.replace('[::1]', '127.0.0.1'), transport, stop: () => stop(app, options) };
}

async function createApplication(options: StartServiceOptions): Promise<NestFastifyApplication> {
  const { parts } = options;
  const stamper = new EventStamper({ clock: parts.clock, ids: parts.ids, tracer: parts.tracer });
  const runtime = createConsumerRuntime({
    ...parts,
    parked: options.parked,
    observer: createConsumerObserver(parts.metrics),
  });
  const platform = PlatformModule.with({
    ...parts,
    stamper,
    publisher: createEventPublisher({ bus: parts.bus, stamper }),
    transport: new EventTransport(runtime, parts.logger),
    authenticator: options.authenticator,
  });
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: PARAM_LIMIT },
    genReqId: (request: IncomingMessage) => requestId(request.headers['x-request-id']) ?? parts.ids.next(),
    forceCloseConnections: true,
  });
  // JSON is the one content type: Nest's own parsers would also take forms and plain text.
  adapter.getInstance().removeContentTypeParser('text/plain');
  return NestFactory.create<NestFastifyApplication>(
    { module: ServiceModule, imports: [platform, ...options.modules] },
    adapter,
    { logger: createNestLogger(parts.logger), abortOnError: false, bodyParser: false },
  );
}

/** A caller's own request id, when it is short and harmless. */
function requestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : undefined;
}

async function stop(app: NestFastifyApplication, { parts, name }: StartServiceOptions): Promise<void> {
  parts.health.markStopping();
  await app.close();
  parts.logger.info('service stopped', { name });
}
