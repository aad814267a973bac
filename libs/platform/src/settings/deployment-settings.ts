import { z } from 'zod';
import { LOG_LEVELS } from '../telemetry/json-logger.js';
import type { VariableNames } from './load-settings.js';

const port = z.coerce.number('a port number is wanted').int().min(0).max(65_535);
const flag = z.enum(['true', 'false'], 'write true or false').transform((text) => text === 'true');

/** What every service of a deployment reads; one schema per topic. */

export const httpSettings = z.object({
  /** Address and port to listen on; 0 takes a free port. */
  host: z.string().default('127.0.0.1'),
  port: port.default(8080),
  /** How clients reach the gateway; by default host and port. */
  publicUrl: z.url('an http or https URL is wanted').optional(),
});
export const HTTP_VARIABLES: VariableNames<typeof httpSettings> = {
  host: 'MILLRACE_HTTP_HOST',
  port: 'MILLRACE_HTTP_PORT',
  publicUrl: 'MILLRACE_PUBLIC_URL',
};

export const telemetrySettings = z.object({
  logLevel: z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')} is wanted`).default('info'),
  /** OTLP over HTTP; without it nothing is exported. */
  otlpEndpoint: z.url('an http or https URL is wanted').optional(),
  /** Prometheus and health, for the operator only. In a container the address is 0.0.0.0, and the port is not published. */
  internalHost: z.string().default('127.0.0.1'),
  internalPort: port.optional(),
});
export const TELEMETRY_VARIABLES: VariableNames<typeof telemetrySettings> = {
  logLevel: 'MILLRACE_LOG_LEVEL',
  otlpEndpoint: 'OTEL_EXPORTER_OTLP_ENDPOINT',
  internalHost: 'MILLRACE_INTERNAL_HOST',
  internalPort: 'MILLRACE_INTERNAL_PORT',
};

export const kafkaSettings = z.object({
  /** host:port, separated by commas. */
  brokers: z
    .string()
    .regex(/^[^,\s]+:\d+(,[^,\s]+:\d+)*$/, 'host:port pairs, separated by commas, are wanted')
    .transform((text) => text.split(',')),
  /** Partitions of each topic; never changes for a deployment. */
  partitions: z.coerce.number().int().min(1).max(1000).default(24),
  /** Copies of each record, over as many brokers, for topics that the setup makes; by default as the brokers say. */
  replication: z.coerce.number().int().min(1).max(5).optional(),
});
export const KAFKA_VARIABLES: VariableNames<typeof kafkaSettings> = {
  brokers: 'KAFKA_BROKERS',
  partitions: 'MILLRACE_PARTITIONS',
  replication: 'MILLRACE_REPLICATION',
};

/** Such as postgres://user:password@host:5432/database. */
export const databaseUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'a postgres:// URL is wanted' });
export const databaseSettings = z.object({ url: databaseUrl });
export const DATABASE_VARIABLES: VariableNames<typeof databaseSettings> = { url: 'DATABASE_URL' };

export const s3Settings = z.object({
  endpoint: z.url('an http or https URL is wanted').optional(),
  /** Where clients reach the bucket, when that is another address than the services'. */
  publicEndpoint: z.url('an http or https URL is wanted').optional(),
  bucket: z.string().min(3, 'a bucket name has at least three letters'),
  region: z.string().default('us-east-1'),
  accessKeyId: z.string().optional(),
  secretAccessKey: z.string().optional(),
});
export const S3_VARIABLES: VariableNames<typeof s3Settings> = {
  endpoint: 'S3_ENDPOINT',
  publicEndpoint: 'S3_PUBLIC_ENDPOINT',
  bucket: 'S3_BUCKET',
  region: 'AWS_REGION',
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
};

export const securitySettings = z.object({
  /** Signs the principals that the gateway hands to the other services. */
  principalKey: z.string().min(32, 'at least 32 characters are wanted: openssl rand -hex 32 makes them'),
});
export const SECURITY_VARIABLES: VariableNames<typeof securitySettings> = { principalKey: 'MILLRACE_PRINCIPAL_KEY' };

export const outboundSettings = z.object({
  /** Callbacks and images from this machine itself, also by http: for tests and laptops. */
  allowLoopback: flag.default(false),
  allowHttp: flag.default(false),
});
export const OUTBOUND_VARIABLES: VariableNames<typeof outboundSettings> = {
  allowLoopback: 'MILLRACE_OUTBOUND_ALLOW_LOOPBACK',
  allowHttp: 'MILLRACE_OUTBOUND_ALLOW_HTTP',
};
