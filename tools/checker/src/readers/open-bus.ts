import { createKafkaEventBus } from '@millrace/adapter-kafka';
import { createPostgresEventBus } from '@millrace/adapter-postgres/bus';
import { silentLogger, systemClock } from '@millrace/kernel';
import type { EventBus } from '@millrace/messaging/ports';

/** Where the system under test has its topics: on Kafka, or in Postgres beside the tables. */
export type BusAddress = { readonly brokers: readonly string[] } | { readonly databaseUrl: string };

/** The bus of a system, to read what it left there. The caller closes it. */
export function openBus(address: BusAddress): EventBus {
  if ('brokers' in address) {
    return createKafkaEventBus({
      brokers: address.brokers,
      clientId: 'checker',
      clock: systemClock,
      logger: silentLogger,
    });
  }
  return createPostgresEventBus({ url: address.databaseUrl, clock: systemClock, applicationName: 'checker' });
}
