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
  type ServerProcess,
} from '@millrace/test-kit';
import { HEARTBEAT_MS, TEST_SETTINGS, type SystemUnderTest } from './system-under-test.js';

const SERVICES = ['scheduler', 'billing', 'notifier', 'gateway', 'gpu-worker'] as const;
type ServiceName = (typeof SERVICES)[number];
const START_TIMEOUT_MS = 60_000;
const PARTITIONS = 3;
/** A key with a valid checksum, for tests only. */
const API_KEY = 'mr_live_a0Bz9Wyl_1HdABmAlRIDqiF8nysBz7dKh1czNW5CZ1EB7jC';

export interface DistributedSystem extends SystemUnderTest {
  readonly brokers: readonly string[];
  readonly services: ReadonlyMap<ServiceName, ServerProcess>;
  /** Starts one more worker, for tasks that do nothing, on ports and folders of its own. The caller stops it. */
  startWorker(workerId: string): Promise<ServerProcess>;
}

interface Addresses {
  readonly http: Record<ServiceName, number>;
  readonly internal: Record<ServiceName, number>;
}

/** The five services as processes over a real Kafka, Postgres and S3. */
export async function startDistributedSystem(): Promise<DistributedSystem> {
  const [kafka, s3] = [await requireServer('kafka'), await requireServer('s3')];
  if (!kafka.available) throw new Error(kafka.reason);
  if (!s3.available) throw new Error(s3.reason);
  const database = await startPostgres();
  const spans = await startOtlpReceiver();
  const directory = mkdtempSync(path.join(os.tmpdir(), 'millrace-distributed-'));
  const addresses = await freeAddresses();
  const { credentials, ...server } = s3.address;
  const common = {
    ...TEST_SETTINGS,
    NODE_OPTIONS: '',
    KAFKA_BROKERS: kafka.address.brokers.join(','),
    MILLRACE_PARTITIONS: String(PARTITIONS),
    DATABASE_URL: database.url,
    S3_ENDPOINT: server.endpoint,
    S3_BUCKET: await createTestBucket(s3.address),
    AWS_REGION: server.region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    OTEL_EXPORTER_OTLP_ENDPOINT: spans.url,
    MILLRACE_PRINCIPAL_KEY: randomBytes(32).toString('hex'),
    MILLRACE_OUTBOUND_ALLOW_LOOPBACK: 'true',
    MILLRACE_OUTBOUND_ALLOW_HTTP: 'true',
    ...gatewaySettings(addresses),
  };
  setUp(common);
  const services = new Map<ServiceName, ServerProcess>();
  const start = async (name: ServiceName): Promise<void> => {
    services.set(name, await startService(name, addresses, { ...common, ...workerSettings(directory) }));
  };
  for (const name of SERVICES) await start(name);
  return {
    url: `http://127.0.0.1:${addresses.http.gateway}`,
    apiKey: API_KEY,
    internalUrl: `http://127.0.0.1:${addresses.internal.gateway}`,
    brokers: kafka.address.brokers,
    spans,
    services,
    startWorker: async (workerId) =>
      startService('gpu-worker', await freeAddresses(), {
        ...common,
        ...workerSettings(mkdtempSync(path.join(directory, 'worker-'))),
        MILLRACE_WORKER_ENGINES: 'noop',
        MILLRACE_WORKER_ID: workerId,
      }),
    killWorker: async () => {
      await services.get('gpu-worker')?.kill();
      await start('gpu-worker');
    },
    stop: async () => {
      for (const service of [...services.values()].reverse()) await service.stop();
      await database.stop();
      await spans.close();
      await Promise.all([kafka.stop(), s3.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function freeAddresses(): Promise<Addresses> {
  const ports = await freePorts(2 * SERVICES.length);
  const take = (offset: number): Record<ServiceName, number> =>
    Object.fromEntries(SERVICES.map((name, index) => [name, ports[offset + index] ?? 0])) as Record<
      ServiceName,
      number
    >;
  return { http: take(0), internal: take(SERVICES.length) };
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

function workerSettings(directory: string): Record<string, string> {
  return {
    MILLRACE_WORKER_ENGINES: 'onnx,noop',
    MILLRACE_WORKER_HEARTBEAT_MS: String(HEARTBEAT_MS),
    MILLRACE_WORKER_WORK_DIRECTORY: path.join(directory, 'work'),
    MILLRACE_WORKER_SPOOL_DIRECTORY: path.join(directory, 'spool'),
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
): Promise<ServerProcess> {
  return startServerProcess({
    name,
    command: process.execPath,
    args: ['--no-warnings', '--enable-source-maps', path.resolve(`apps/${name}/dist/main.js`)],
    variables: { ...variables, MILLRACE_HTTP_PORT: String(http[name]), MILLRACE_INTERNAL_PORT: String(internal[name]) },
    readyTimeoutMs: START_TIMEOUT_MS,
    ready: name === 'gpu-worker' ? /registered|worker started/ : /service started/,
  });
}
