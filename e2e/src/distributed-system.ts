import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  createTestBucket,
  freePorts,
  inheritedVariables,
  requireServer,
  startOtlpReceiver,
  startPostgres,
  startServerProcess,
  type S3Address,
  type ServerProcess,
  type TestDatabase,
} from '@millrace/test-kit';
import { HEARTBEAT_MS, TEST_SETTINGS, type SystemUnderTest } from './system-under-test.js';

export const SERVICES = ['scheduler', 'billing', 'notifier', 'gateway', 'gpu-worker'] as const;
/** The second worker runs only where a test asks for it. */
const PROCESSES = [...SERVICES, 'gpu-worker-2'] as const;
export type ServiceName = (typeof PROCESSES)[number];
const START_TIMEOUT_MS = 60_000;
const PARTITIONS = 3;
/** A key with a valid checksum, for tests only. */
const API_KEY = 'mr_live_a0Bz9Wyl_1HdABmAlRIDqiF8nysBz7dKh1czNW5CZ1EB7jC';

/** Servers of the caller's own, where a test breaks them, and settings beside the usual ones. */
export interface DistributedOptions {
  readonly brokers?: readonly string[];
  /** The caller stops it. */
  readonly database?: TestDatabase;
  /** The services' way to the database, such as a proxy; the set-up goes straight. */
  readonly databaseUrl?: string;
  /** The same for the object store. */
  readonly s3Endpoint?: (endpoint: string) => string | Promise<string>;
  readonly secondWorker?: boolean;
  readonly variables?: Readonly<Record<string, string>>;
  readonly variablesOf?: Readonly<Partial<Record<ServiceName, Readonly<Record<string, string>>>>>;
}

export interface DistributedSystem extends SystemUnderTest {
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  readonly services: ReadonlyMap<ServiceName, ServerProcess>;
  /** Starts one more worker, for tasks that do nothing, on ports and folders of its own. The caller stops it. */
  startWorker(workerId: string): Promise<ServerProcess>;
  /** Base URL of a service's port with `/metrics`. */
  internalUrlOf(name: ServiceName): string;
  /** Starts a service that was stopped or killed, on its old ports, with further settings where given. */
  start(name: ServiceName, settings?: StartSettings): Promise<void>;
}

export interface StartSettings {
  readonly variables?: Readonly<Record<string, string>>;
  /** No file of the process may grow past this: a disk that is full for it alone. */
  readonly fileSizeMaxKiB?: number;
}

interface Addresses {
  readonly http: Record<ServiceName, number>;
  readonly internal: Record<ServiceName, number>;
}

/** The five services as processes over a real Kafka, Postgres and S3. */
export async function startDistributedSystem(options: DistributedOptions = {}): Promise<DistributedSystem> {
  const outside = await openOutside(options);
  const spans = await startOtlpReceiver();
  const directory = mkdtempSync(path.join(os.tmpdir(), 'millrace-distributed-'));
  const addresses = await freeAddresses();
  const databaseUrl = options.databaseUrl ?? outside.database.url;
  const s3Endpoint = (await options.s3Endpoint?.(outside.s3.endpoint)) ?? outside.s3.endpoint;
  const common = {
    ...TEST_SETTINGS,
    NODE_OPTIONS: '',
    KAFKA_BROKERS: outside.brokers.join(','),
    MILLRACE_PARTITIONS: String(PARTITIONS),
    ...(await s3Settings(outside.s3)),
    OTEL_EXPORTER_OTLP_ENDPOINT: spans.url,
    MILLRACE_PRINCIPAL_KEY: randomBytes(32).toString('hex'),
    MILLRACE_OUTBOUND_ALLOW_LOOPBACK: 'true',
    MILLRACE_OUTBOUND_ALLOW_HTTP: 'true',
    ...gatewaySettings(addresses),
    ...options.variables,
  };
  setUp({ ...common, DATABASE_URL: outside.database.url });
  const services = new Map<ServiceName, ServerProcess>();
  const start = async (name: ServiceName, settings: StartSettings = {}): Promise<void> => {
    const variables = {
      ...common,
      DATABASE_URL: databaseUrl,
      S3_ENDPOINT: s3Endpoint,
      ...(name.startsWith('gpu-worker') ? workerSettings(directory, name) : {}),
      ...options.variablesOf?.[name],
      ...settings.variables,
    };
    const service = await startService(name, addresses, variables, settings.fileSizeMaxKiB);
    services.set(
      name,
      supervised(service, () => start(name, settings)),
    );
  };
  for (const name of options.secondWorker === true ? PROCESSES : SERVICES) await start(name);
  return {
    url: `http://127.0.0.1:${addresses.http.gateway}`,
    apiKey: API_KEY,
    internalUrl: `http://127.0.0.1:${addresses.internal.gateway}`,
    brokers: outside.brokers,
    databaseUrl: outside.database.url,
    spans,
    services,
    startWorker: async (workerId) =>
      startService('gpu-worker', await freeAddresses(), {
        ...common,
        S3_ENDPOINT: s3Endpoint,
        ...workerSettings(directory, workerId),
        MILLRACE_WORKER_ENGINES: 'noop',
        MILLRACE_WORKER_ID: workerId,
      }),
    internalUrlOf: (name) => `http://127.0.0.1:${addresses.internal[name]}`,
    start,
    killWorker: async () => {
      await services.get('gpu-worker')?.kill();
      await start('gpu-worker');
    },
    stop: async () => {
      for (const service of [...services.values()].reverse()) await service.stop();
      await spans.close();
      await outside.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * A service that ends by itself is started again, as an orchestrator does (deploy/compose.yaml: unless-stopped). One that
 * the test kills or stops stays away until the test starts it.
 */
function supervised(service: ServerProcess, startAgain: () => Promise<void>): ServerProcess {
  let wanted = true;
  const dismiss = (): void => void (wanted = false);
  void service.exited.then(async () => {
    if (wanted) await startAgain();
  });
  return {
    ...service,
    kill: () => (dismiss(), service.kill()),
    stop: () => (dismiss(), service.stop()),
  };
}

interface Outside {
  readonly brokers: readonly string[];
  readonly s3: S3Address;
  readonly database: TestDatabase;
  stop(): Promise<void>;
}

/** The servers that the caller did not bring. */
async function openOutside(options: DistributedOptions): Promise<Outside> {
  const kafka = options.brokers === undefined ? await requireServer('kafka') : undefined;
  const s3 = await requireServer('s3');
  if (kafka?.available === false) throw new Error(kafka.reason);
  if (!s3.available) throw new Error(s3.reason);
  const database = options.database ?? (await startPostgres());
  return {
    brokers: options.brokers ?? kafka?.address.brokers ?? [],
    s3: s3.address,
    database,
    stop: async () => {
      if (options.database === undefined) await database.stop();
      await Promise.all([kafka?.stop(), s3.stop()]);
    },
  };
}

async function s3Settings(server: S3Address): Promise<Record<string, string>> {
  return {
    S3_ENDPOINT: server.endpoint,
    S3_BUCKET: await createTestBucket(server),
    AWS_REGION: server.region,
    AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
  };
}

async function freeAddresses(): Promise<Addresses> {
  const ports = await freePorts(2 * PROCESSES.length);
  const take = (offset: number): Record<ServiceName, number> =>
    Object.fromEntries(PROCESSES.map((name, index) => [name, ports[offset + index] ?? 0])) as Record<
      ServiceName,
      number
    >;
  return { http: take(0), internal: take(PROCESSES.length) };
}

function gatewaySettings({ http }: Addresses): Record<string, string> {
  return {
    MILLRACE_SCHEDULER_URL: `http://127.0.0.1:${http.scheduler}`,
    MILLRACE_BILLING_URL: `http://127.0.0.1:${http.billing}`,
    MILLRACE_NOTIFIER_URL: `http://127.0.0.1:${http.notifier}`,
    MILLRACE_BOOTSTRAP_API_KEY: API_KEY,
    MILLRACE_BOOTSTRAP_INTERACTIVE: 'true',
    MILLRACE_STEP_DELAY_ALLOWED: 'true',
  };
}

function workerSettings(directory: string, name: string): Record<string, string> {
  return {
    MILLRACE_WORKER_ID: name === 'gpu-worker' ? 'worker-1' : name.replace('gpu-', ''),
    MILLRACE_WORKER_ENGINES: 'onnx,noop',
    MILLRACE_WORKER_HEARTBEAT_MS: String(HEARTBEAT_MS),
    MILLRACE_WORKER_WORK_DIRECTORY: path.join(directory, name, 'work'),
    MILLRACE_WORKER_SPOOL_DIRECTORY: path.join(directory, name, 'spool'),
  };
}

function setUp(variables: Record<string, string>): void {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--no-warnings', path.resolve('apps/standalone/dist/setup.js')],
    { env: { ...inheritedVariables(), ...variables }, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`npm run setup failed: ${stderr}`);
}

function startService(
  name: ServiceName,
  { http, internal }: Addresses,
  variables: Record<string, string>,
  fileSizeMaxKiB?: number,
): Promise<ServerProcess> {
  const main = path.resolve(`apps/${name.replace('-2', '')}/dist/main.js`);
  const node = [process.execPath, '--no-warnings', '--enable-source-maps', main];
  // `exec`: the process keeps its number, and hears the signals itself.
  const limited = ['bash', '-c', `ulimit -f ${fileSizeMaxKiB}; exec "$@"`, name, ...node];
  const [command = '', ...args] = fileSizeMaxKiB === undefined ? node : limited;
  return startServerProcess({
    name,
    command,
    args,
    variables: { ...variables, MILLRACE_HTTP_PORT: String(http[name]), MILLRACE_INTERNAL_PORT: String(internal[name]) },
    readyTimeoutMs: START_TIMEOUT_MS,
    ready: name.startsWith('gpu-worker') ? /registered|worker started/ : /service started/,
  });
}
