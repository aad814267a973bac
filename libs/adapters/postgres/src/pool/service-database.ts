import type { Clock, Logger } from '@millrace/kernel';
import { OutboxDispatcher, type EventStamper } from '@millrace/messaging';
import type { EventBus, ParkedEventStore } from '@millrace/messaging/ports';
import type pg from 'pg';
import { inboxSweep } from '../inbox/inbox-sweep.js';
import { serviceRoles } from '../migrate/migrate.js';
import { PostgresOutboxStore } from '../outbox/outbox-store.postgres.js';
import { parkedSweep } from '../parked/parked-sweep.js';
import { PostgresParkedEventStore } from '../parked/parked-event-store.postgres.js';
import { TableSweeper } from '../sweep/table-sweeper.postgres.js';
import { PostgresUnitOfWork } from '../unit-of-work/unit-of-work.postgres.js';
import { createPool } from './create-pool.js';

export interface ServiceDatabaseOptions {
  /** Names roles and, unless `schema` does, the schema. */
  readonly service: string;
  readonly url: string;
  readonly bus: EventBus;
  readonly stamper: EventStamper;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Connections of each of the two pools at most. */
  readonly connectionsMax?: number;
}

/** One service's database: two pools by role, its outbox and its parked events. */
export interface ServiceDatabase {
  /** Under row-level security: for what an API call reads and writes. */
  readonly request: pg.Pool;
  /** For batch writers, consumers and sweepers; out of reach of read controllers. */
  readonly system: pg.Pool;
  readonly parked: ParkedEventStore;
  readonly dispatcher: OutboxDispatcher;
  /** Transactions of the `_system` role over these stores. */
  unitOfWork<Stores extends object>(stores: (client: pg.PoolClient) => Stores): PostgresUnitOfWork<Stores>;
  /** Transactions of the `_request` role over these stores. */
  requestUnitOfWork<Stores extends object>(stores: (client: pg.PoolClient) => Stores): PostgresUnitOfWork<Stores>;
  ping(): Promise<void>;
  /** Publishes what waits, then ends the pools. */
  close(): Promise<void>;
}

/** Opens a service's database, starts its outbox relay and the sweeping of old rows. The schema must be migrated. */
export function openServiceDatabase(options: ServiceDatabaseOptions): ServiceDatabase {
  const { service, url, logger, clock, stamper } = options;
  const roles = serviceRoles(service);
  const max = options.connectionsMax ?? 4;
  const system = createPool({ url, role: roles.system, applicationName: `millrace-${service}`, logger, max });
  const request = createPool({ url, role: roles.request, applicationName: `millrace-${service}-request`, logger, max });
  const dispatcher = new OutboxDispatcher({
    bus: options.bus,
    clock,
    logger,
    store: new PostgresOutboxStore({ pool: system, schema: service }),
  });
  dispatcher.start();
  const sweeper = new TableSweeper({
    pool: system,
    rules: [inboxSweep(service), parkedSweep(service)],
    clock,
    logger,
  });
  sweeper.start();
  const unitOfWork = <Stores extends object>(
    pool: pg.Pool,
    stores: (client: pg.PoolClient) => Stores,
  ): PostgresUnitOfWork<Stores> => new PostgresUnitOfWork({ pool, schema: service, stores, stamper, dispatcher });
  return {
    request,
    system,
    parked: new PostgresParkedEventStore({ pool: system, schema: service }),
    dispatcher,
    unitOfWork: (stores) => unitOfWork(system, stores),
    requestUnitOfWork: (stores) => unitOfWork(request, stores),
    ping: async () => void (await system.query('SELECT 1')),
    close: async () => {
      sweeper.stop();
      await dispatcher.stop();
      await Promise.all([system.end(), request.end()]);
    },
  };
}
