export { eventually, withTimeout, type EventuallyOptions } from './eventually.js';
export { startKafka, type KafkaCluster, type KafkaNode, type KafkaOptions } from './kafka/start-kafka.js';
export { startKillablePostgres, type KillablePostgres } from './postgres/killable-postgres.js';
export { startPostgres, type TestDatabase } from './postgres/start-postgres.js';
export { freePort, freePorts } from './process/free-port.js';
export { startServerProcess, type ServerCommand, type ServerProcess } from './process/server-process.js';
export { NO_FAULT, type CutRule, type ProxyFault } from './proxy/proxy-fault.js';
export { startTcpProxy, type TcpProxy } from './proxy/tcp-proxy.js';
export {
  startHttpReceiver,
  type HttpReceiver,
  type ReceivedRequest,
  type ReceiverAnswer,
} from './receivers/http-receiver.js';
export { startOtlpReceiver, type CollectedSpan, type OtlpReceiver } from './receivers/otlp-receiver.js';
export { startWebhookReceiver, type ReceivedWebhook, type WebhookReceiver } from './receivers/webhook-receiver.js';
export { createTestBucket, startS3, type S3Server } from './s3/start-s3.js';
export { describeWithServer } from './servers/describe-with-server.js';
export { requireServer, type ServerOrReason } from './servers/require-server.js';
export type { AddressOf, ServerAddresses } from './servers/server-addresses.js';
export {
  SERVER_NAMES,
  inheritedVariables,
  readTestEnvironment,
  type S3Address,
  type ServerName,
  type TestEnvironment,
} from './test-environment.js';
