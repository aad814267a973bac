import { createKafkaEventBus } from '@millrace/adapter-kafka';
import {
  createFileObjectStore,
  openS3Store,
  type FileObjectStore,
  type S3ObjectStore,
  type S3Settings,
} from '@millrace/adapter-object-store';
import { BUS_ROLE, createBusLogin, createPostgresEventBus, migrateBus } from '@millrace/adapter-postgres/bus';
import { startKeptPostgres } from '@millrace/adapter-postgres/server';
import { systemClock, systemIds, type Logger } from '@millrace/kernel';
import type { EventBus } from '@millrace/messaging/ports';
import { topicSettings } from '@millrace/platform';
import type { HomeDirectory } from './home-directory.js';
import { migrateServices } from './migrate-services.js';

/** Where the real thing is to be used in place of the embedded one. */
export interface Outside {
  readonly databaseUrl: string | undefined;
  readonly kafka:
    | { readonly brokers: readonly string[]; readonly partitions: number; readonly replication?: number | undefined }
    | undefined;
  readonly s3: S3Settings | undefined;
}

export interface FoundationOptions {
  readonly home: HomeDirectory;
  readonly outside: Outside;
  readonly partitions: number;
  readonly logger: Logger;
  /** Told what a slow first start is doing. */
  readonly onProgress: (step: string) => void;
  /** Base of signed object URLs; known once the gateway listens. */
  readonly publicUrl: () => string;
}

/** What the services stand on: database, bus, object store, each embedded or from outside. */
export interface Foundation {
  readonly databaseUrl: string;
  readonly bus: EventBus;
  readonly objects: FileObjectStore | S3ObjectStore;
  /** Present where the objects lie in files, and the gateway serves them. */
  readonly files: FileObjectStore | undefined;
  /** What the worker's process needs in its environment to reach bus and objects. */
  readonly workerEnvironment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts the foundation: database up and migrated, topics there, object store open. */
export async function layFoundation(options: FoundationOptions): Promise<Foundation> {
  const { home, outside, logger, onProgress } = options;
  const server =
    outside.databaseUrl === undefined
      ? await startKeptPostgres({ directory: home.database, logger, onProgress })
      : undefined;
  const databaseUrl = outside.databaseUrl ?? server?.url ?? '';
  try {
    onProgress('bringing the database up to date');
    await migrateServices(databaseUrl, logger);
    const { bus, environment } = await openBus(options, databaseUrl);
    const objects = openObjects(options);
    return {
      databaseUrl,
      bus,
      objects: objects.store,
      files: objects.files,
      workerEnvironment: { ...environment, ...objects.environment },
      close: async () => {
        await bus.close();
        await server?.stop();
      },
    };
  } catch (error) {
    await server?.stop();
    throw error;
  }
}

async function openBus(
  { outside, partitions, logger }: FoundationOptions,
  databaseUrl: string,
): Promise<{ bus: EventBus; environment: Record<string, string> }> {
  if (outside.kafka !== undefined) {
    const bus = createKafkaEventBus({ ...outside.kafka, clientId: 'millrace-standalone', clock: systemClock, logger });
    await bus.ensureTopics(topicSettings(outside.kafka.partitions));
    return { bus, environment: { KAFKA_BROKERS: outside.kafka.brokers.join(',') } };
  }
  await migrateBus({ url: databaseUrl, logger });
  const bus = createPostgresEventBus({ url: databaseUrl, role: BUS_ROLE, clock: systemClock, logger, ids: systemIds });
  await bus.ensureTopics(topicSettings(partitions));
  return { bus, environment: { MILLRACE_WORKER_BUS_URL: await createBusLogin({ url: databaseUrl }) } };
}

function openObjects({ home, outside, publicUrl }: FoundationOptions): {
  store: FileObjectStore | S3ObjectStore;
  files: FileObjectStore | undefined;
  environment: Record<string, string>;
} {
  // The worker inherits S3_… and AWS_… from this process's own environment.
  if (outside.s3 !== undefined)
    return {
      store: openS3Store(outside.s3, { clock: systemClock, ids: systemIds }),
      files: undefined,
      environment: {},
    };
  const files = createFileObjectStore({
    directory: home.objects,
    publicUrl,
    signingKey: Buffer.from(home.secrets.urlKey, 'hex'),
    clock: systemClock,
  });
  return { store: files, files, environment: { MILLRACE_WORKER_OBJECTS: home.objects } };
}
