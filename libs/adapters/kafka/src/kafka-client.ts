import kafkajs from 'kafkajs';
import type { Kafka, LogEntry } from 'kafkajs';
import type { Logger } from '@millrace/kernel';
import { mendKafkajs } from './mend-kafkajs.js';

/** Recovers 0.3 s after a broker is back; the defaults of kafkajs take 10 s. */
export const KAFKA_RETRY = { initialRetryTime: 200, maxRetryTime: 2000, retries: 8, factor: 0.2, multiplier: 2 };
const CONNECTION_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 30_000;

export interface KafkaClientOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly logger: Logger;
}

/** The mended kafkajs client, with its settings explicit and its log in ours. */
export function createKafkaClient(options: KafkaClientOptions): Kafka {
  mendKafkajs();
  return new kafkajs.Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    retry: KAFKA_RETRY,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => forward(entry, options.logger),
  });
}

/** kafkajs calls an error what it then retries: it is a warning here. What ends work is logged where it ends. */
function forward({ namespace, log }: LogEntry, logger: Logger): void {
  const { message, groupId, broker, error } = log;
  logger.warn(`kafka: ${message}`, { namespace, groupId, broker, error });
}
