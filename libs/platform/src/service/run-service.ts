import { TOPICS, TOPIC_NAMES, deadLetterTopic, DEAD_LETTER_RETENTION_MS } from '@millrace/contracts';
import { systemClock, type Clock, type Logger } from '@millrace/kernel';
import type { EventBus, TopicSettings } from '@millrace/messaging/ports';
import { environment } from '../settings/environment.js';
import {
  KAFKA_VARIABLES,
  TELEMETRY_VARIABLES,
  kafkaSettings,
  telemetrySettings,
} from '../settings/deployment-settings.js';
import { loadSettings, type SettingSource } from '../settings/load-settings.js';
import { createHostParts, createObservability, observeProcess, type HostParts } from './host-parts.js';
import { startInternalServer } from './internal-server.js';
import { runUntilSignal, type RunningProcess } from './run-until-signal.js';

export const VERSION = '0.1.0';

export interface RunServiceOptions {
  readonly name: string;
  /** Default of MILLRACE_INTERNAL_PORT. */
  readonly internalPort: number;
  readonly createBus: (options: {
    brokers: readonly string[];
    clientId: string;
    partitions: number;
    replication?: number | undefined;
    clock: Clock;
    logger: Logger;
  }) => EventBus;
  /** Reads the service's own settings and gives back its start: a bad setting ends before anything is opened. */
  readonly prepare: (source: SettingSource) => (parts: HostParts) => Promise<RunningProcess>;
}

/** `main.ts` of one service of a deployment: settings, telemetry, bus, internal port, signals. `--validate` only checks. */
export async function runService(options: RunServiceOptions): Promise<void> {
  await runUntilSignal(() => start(options));
}

async function start(options: RunServiceOptions): Promise<RunningProcess> {
  const source = environment();
  const telemetry = loadSettings(telemetrySettings, TELEMETRY_VARIABLES, source);
  const kafka = loadSettings(kafkaSettings, KAFKA_VARIABLES, source);
  const startWith = options.prepare(source);
  if (process.argv.includes('--validate')) {
    process.stdout.write(`millrace ${options.name}: the settings are good\n`);
    process.exit(0);
  }
  const observability = createObservability({
    service: options.name,
    version: VERSION,
    logLevel: telemetry.logLevel,
    ...(telemetry.otlpEndpoint === undefined ? {} : { otlpEndpoint: telemetry.otlpEndpoint }),
  });
  observeProcess(observability.metrics);
  const bus = options.createBus({
    ...kafka,
    clientId: `millrace-${options.name}`,
    clock: systemClock,
    logger: observability.logger,
  });
  const internal = await startInternalServer({
    host: telemetry.internalHost,
    port: telemetry.internalPort ?? options.internalPort,
    ...observability,
  });
  const service = await startWith(createHostParts(observability, bus));
  process.send?.('ready');
  return {
    stop: async () => {
      await service.stop();
      await bus.close();
      internal.close();
      await observability.shutdown();
    },
  };
}

/** Every topic of the contracts, each with its dead-letter topic, as a bus makes them. */
export function topicSettings(partitions: number): readonly TopicSettings[] {
  return TOPIC_NAMES.flatMap((topic) => [
    { topic, partitions, retentionMs: TOPICS[topic].retentionMs },
    { topic: deadLetterTopic(topic), partitions, retentionMs: DEAD_LETTER_RETENTION_MS },
  ]);
}
