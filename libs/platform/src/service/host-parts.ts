import {
  systemClock,
  systemIds,
  systemRng,
  type Clock,
  type IdGenerator,
  type Logger,
  type Rng,
} from '@millrace/kernel';
import { createPropagatingTracer } from '@millrace/messaging';
import type { EventBus, Tracer } from '@millrace/messaging/ports';
import { Registry, collectDefaultMetrics } from 'prom-client';
import { HealthRegistry } from '../health/health-registry.js';
import { createJsonLogger, type LogLevel } from '../telemetry/json-logger.js';
import { createOtelTracing } from '../telemetry/otel-tracer.js';

/** What one running service gets from the process that hosts it. */
export interface HostParts {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly ids: IdGenerator;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly metrics: Registry;
  readonly health: HealthRegistry;
  readonly bus: EventBus;
}

export interface Observability {
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly metrics: Registry;
  readonly health: HealthRegistry;
  /** Sends the spans that wait. */
  shutdown(): Promise<void>;
}

export interface ObservabilityOptions {
  readonly service: string;
  readonly version: string;
  readonly logLevel: LogLevel;
  /** Standard output where absent. */
  readonly logFile?: string;
  /** Metrics and health of the process, where several services share one. */
  readonly shared?: { readonly metrics: Registry; readonly health: HealthRegistry };
  /** OTLP/HTTP base URL; without one spans are propagated, not exported. */
  readonly otlpEndpoint?: string;
}

/** Log, tracer, metrics and health of one service in this process. */
export function createObservability(options: ObservabilityOptions): Observability {
  const { service, version, otlpEndpoint } = options;
  const tracing =
    otlpEndpoint === undefined ? undefined : createOtelTracing({ endpoint: otlpEndpoint, service, version });
  const tracer = tracing?.tracer ?? createPropagatingTracer(systemRng);
  const logger = createJsonLogger({
    service,
    level: options.logLevel,
    tracer,
    ...(options.logFile === undefined ? {} : { file: options.logFile }),
  });
  const { metrics, health } = options.shared ?? { metrics: new Registry(), health: new HealthRegistry(systemClock) };
  return { logger, tracer, metrics, health, shutdown: async () => tracing?.shutdown() };
}

/** CPU, memory, event loop and file handles of this process. Once per process. */
export function observeProcess(metrics: Registry): void {
  collectDefaultMetrics({ register: metrics });
}

/** The parts of a service on the machine's own time and randomness. */
export function createHostParts(observability: Observability, bus: EventBus): HostParts {
  const { logger, tracer, metrics, health } = observability;
  return { clock: systemClock, rng: systemRng, ids: systemIds, logger, tracer, metrics, health, bus };
}
