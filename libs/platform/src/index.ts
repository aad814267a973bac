export { EventConsumer, type EventConsumerOptions } from './events/event-consumer.js';
export { EventContext } from './events/event-context.js';
export { EventTransport } from './events/event-transport.js';
export { HealthRegistry, type HealthCheck, type HealthReport } from './health/health-registry.js';
export type { Authenticator } from './http/authenticator.port.js';
export { createPrincipalAuthenticator, principalHeader } from './http/principal-token.js';
export { toProblem } from './http/problem.js';
export { Reply, reply } from './http/reply.js';
export { RouteInventory } from './http/route-inventory.js';
export { Caller, Input, Route } from './http/route.js';
export {
  createHostParts,
  createObservability,
  observeProcess,
  type HostParts,
  type Observability,
  type ObservabilityOptions,
} from './service/host-parts.js';
export { startInternalServer } from './service/internal-server.js';
export { runUntilSignal, type RunningProcess } from './service/run-until-signal.js';
export { startService, type RunningService, type StartServiceOptions } from './service/start-service.js';
export { VERSION, runService, topicSettings, type RunServiceOptions } from './service/run-service.js';
export {
  DATABASE_VARIABLES,
  HTTP_VARIABLES,
  KAFKA_VARIABLES,
  OUTBOUND_VARIABLES,
  S3_VARIABLES,
  SECURITY_VARIABLES,
  TELEMETRY_VARIABLES,
  databaseSettings,
  databaseUrl,
  httpSettings,
  kafkaSettings,
  outboundSettings,
  s3Settings,
  securitySettings,
  telemetrySettings,
} from './settings/deployment-settings.js';
export { environment } from './settings/environment.js';
export { loadSettings, unknownSettings, type SettingSource, type VariableNames } from './settings/load-settings.js';
export { createJsonLogger, LOG_LEVELS, redactText, type LogLevel } from './telemetry/json-logger.js';
export {
  AUTHENTICATOR,
  CLOCK,
  EVENT_BUS,
  EVENT_PUBLISHER,
  EVENT_STAMPER,
  IDS,
  LOGGER,
  METRICS,
  RNG,
  TRACER,
} from './tokens.js';
