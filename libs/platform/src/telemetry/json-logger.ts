import type { LogFields, Logger } from '@millrace/kernel';
import { traceIdOf, type Tracer } from '@millrace/messaging/ports';
import { destination, pino, type Logger as Pino } from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Field names whose values never reach a log, at any of the first three depths. */
const SECRET_FIELDS = ['authorization', 'apiKey', 'api_key', 'key', 'secret', 'password', 'token', 'prompt'];
const REDACTED = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
/** API keys and webhook secrets, wherever they stand in a text. */
const SECRET_PATTERN = /\b(mr_live_[0-9A-Za-z]{8})_[0-9A-Za-z]{38}|\bwhsec_[0-9A-Za-z+/=]+/g;

/** JSON lines with service, time, trace id; secrets are redacted. To a file, or to standard output without one. */
export function createJsonLogger(options: {
  service: string;
  level: LogLevel;
  file?: string;
  tracer?: Tracer;
}): Logger {
  const sink = destination({ dest: options.file ?? 1, mkdir: true, sync: true });
  const log = pino(
    {
      level: options.level,
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '[redacted]' },
    },
    sink,
  );
  return {
    debug: (message, fields) => write(log, 'debug', message, fields, options.tracer),
    info: (message, fields) => write(log, 'info', message, fields, options.tracer),
    warn: (message, fields) => write(log, 'warn', message, fields, options.tracer),
    error: (message, fields) => write(log, 'error', message, fields, options.tracer),
  };
}

function write(
  log: Pino,
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields: LogFields = {},
  tracer?: Tracer,
): void {
  const traceId = traceIdOf(tracer?.activeTraceparent());
  log[level](
    { ...withoutSecrets(fields), ...(traceId === undefined ? {} : { trace_id: traceId }) },
    redactText(message),
  );
}

function withoutSecrets(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? redactText(value) : value]),
  );
}

/** Hides keys and secrets inside a text; the public part of a key stays. */
export function redactText(text: string): string {
  return text.replaceAll(SECRET_PATTERN, (_match, id: string | undefined) =>
    id === undefined ? 'whsec_[redacted]' : `${id}_[redacted]`,
  );
}
