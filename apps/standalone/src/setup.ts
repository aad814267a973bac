import { createKafkaEventBus } from '@millrace/adapter-kafka';
import { openS3Store } from '@millrace/adapter-object-store';
import { systemClock, systemIds } from '@millrace/kernel';
import {
  DATABASE_VARIABLES,
  KAFKA_VARIABLES,
  S3_VARIABLES,
  createJsonLogger,
  databaseSettings,
  environment,
  kafkaSettings,
  loadSettings,
  runUntilSignal,
  s3Settings,
  topicSettings,
} from '@millrace/platform';
import { migrateServices } from './migrate-services.js';

/** `npm run setup`: schemas, roles, topics and bucket of a deployment. Safe to run again; existing data are upgraded. */
await runUntilSignal(async () => {
  const source = environment();
  const database = loadSettings(databaseSettings, DATABASE_VARIABLES, source);
  const kafka = loadSettings(kafkaSettings, KAFKA_VARIABLES, source);
  const s3 = loadSettings(s3Settings, S3_VARIABLES, source);
  if (process.argv.includes('--validate')) {
    process.stdout.write('millrace setup: the settings are good\n');
    process.exit(0);
  }
  const logger = createJsonLogger({ service: 'setup', level: 'warn' });
  const say = (text: string): void => void process.stdout.write(`✔ ${text}\n`);
  await migrateServices(database.url, logger);
  say('schemas and roles are up to date');
  const bus = createKafkaEventBus({ ...kafka, clientId: 'millrace-setup', clock: systemClock, logger });
  await bus.ensureTopics(topicSettings(kafka.partitions));
  await bus.close();
  say(`topics are there, ${kafka.partitions} partitions each`);
  await openS3Store(s3, { clock: systemClock, ids: systemIds }).ensureBucket();
  say(`bucket ${s3.bucket} is there`);
  process.exit(0);
});
