import { openServiceDatabase, type ServiceDatabase } from '@millrace/adapter-postgres';
import {
  PostgresLeaderStore,
  PostgresWorkerStore,
  createSchedulingStores,
} from '@millrace/adapter-postgres/scheduling';
import { EventStamper, createEventPublisher } from '@millrace/messaging';
import { createPrincipalAuthenticator, startService, type HostParts, type RunningService } from '@millrace/platform';
import { Scheduler } from '@millrace/scheduling';
import type { ConsumerGate } from '@millrace/scheduling/ports';
import { CycleFile } from './cycle-file.js';
import type { ReadWorkers } from './read-workers.js';
import { createSchedulerMetrics } from './scheduler-metrics.js';
import { LEADER_GATE, REPORTS_GROUP, TASKS_GROUP, WORKERS_GROUP } from './scheduler.consumer.js';
import { schedulerModule } from './scheduler.module.js';
import { priceList, toSchedulerSettings, type SchedulerAppSettings } from './settings.js';

export interface StartSchedulerOptions {
  readonly parts: HostParts;
  readonly databaseUrl: string;
  readonly http: { readonly host: string; readonly port: number };
  /** Shared with the gateway, which forwards requests in its callers' names. */
  readonly principalKey: string;
  readonly settings: SchedulerAppSettings;
}

const MIB = 1024 * 1024;
const SHOWN_MS = 3_600_000;
const SHOWN_MAX = 200;

/** Starts the scheduler: stands for election, and consumes and decides while it leads. The schema must be migrated. */
export async function startScheduler(options: StartSchedulerOptions): Promise<RunningService> {
  const { parts } = options;
  const stamper = new EventStamper(parts);
  const database = openServiceDatabase({
    ...parts,
    service: 'scheduler',
    url: options.databaseUrl,
    stamper,
  });
  parts.health.register('scheduler.database', () => database.ping());
  const consumers = new LeaderConsumers();
  const recorder = openCycleFile(options);
  const scheduler = createScheduler(options, database, stamper, consumers, recorder);
  const service = await startService({
    name: 'scheduler',
    parts,
    parked: database.parked,
    authenticator: createPrincipalAuthenticator(options.principalKey, parts.clock),
    modules: [schedulerModule({ scheduler, readWorkers: readsOf(options, database) })],
    http: options.http,
  }).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  consumers.attach(service);
  await scheduler.start();
  return {
    ...service,
    stop: async () => {
      await scheduler.stop();
      await service.stop();
      await database.close();
      await recorder?.close();
    },
  };
}

function createScheduler(
  { parts, settings }: StartSchedulerOptions,
  database: ServiceDatabase,
  stamper: EventStamper,
  consumers: LeaderConsumers,
  recorder: CycleFile | undefined,
): Scheduler {
  return new Scheduler({
    unitOfWork: database.unitOfWork(createSchedulingStores),
    leaderStore: new PostgresLeaderStore(database.system),
    publisher: createEventPublisher({ bus: parts.bus, stamper }),
    gate: consumers,
    lag: { oldestMs: () => consumers.oldestMs(WORKERS_GROUP, REPORTS_GROUP) },
    dispatchLag: { oldestMs: () => consumers.oldestMs(TASKS_GROUP) },
    observer: createSchedulerMetrics(parts.metrics, parts.logger),
    ...(recorder === undefined ? {} : { recorder }),
    clock: parts.clock,
    logger: parts.logger,
    priceOf: priceList(settings),
    holder: settings.holder ?? parts.ids.next(),
    settings: toSchedulerSettings(settings),
  });
}

function openCycleFile({ parts, settings }: StartSchedulerOptions): CycleFile | undefined {
  const { recordCycles: path, recordEvery: every, recordMaxMiB } = settings;
  if (path === undefined) return undefined;
  return new CycleFile({ path, every, maxBytes: recordMaxMiB * MIB, logger: parts.logger });
}

function readsOf({ parts }: StartSchedulerOptions, database: ServiceDatabase): ReadWorkers {
  const workers = new PostgresWorkerStore(database.request);
  return { recent: () => workers.recent(parts.clock.now() - SHOWN_MS, SHOWN_MAX) };
}

/** The consumers behind the leader's gate, once the service runs. */
class LeaderConsumers implements ConsumerGate {
  private service: RunningService | undefined;

  attach(service: RunningService): void {
    this.service = service;
  }

  async open(): Promise<void> {
    await this.service?.transport.openGate(LEADER_GATE);
  }

  async close(): Promise<void> {
    await this.service?.transport.closeGate(LEADER_GATE);
  }

  /** Age of the oldest record that any of the groups has not done. Rejects while one of their consumers does not run. */
  async oldestMs(...groups: readonly string[]): Promise<number> {
    const lags = await Promise.all(
      groups.map((group) => {
        const consumer = this.service?.transport.consumers().get(group);
        if (consumer === undefined) throw new Error(`the consumer ${group} does not run`);
        return consumer.lag();
      }),
    );
    return Math.max(...lags.map(({ oldestMs }) => oldestMs));
  }
}
