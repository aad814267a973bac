import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  freePorts,
  startOtlpReceiver,
  startServerProcess,
  type OtlpReceiver,
  type ServerProcess,
} from '@millrace/test-kit';
import { processesOf, workersOf } from './process-table.js';
import { HEARTBEAT_MS, TEST_SETTINGS, type SystemUnderTest } from './system-under-test.js';

const START_TIMEOUT_MS = 60_000;
const MAIN = path.resolve('apps/standalone/dist/main.js');

export interface StandaloneSystem extends SystemUnderTest {
  readonly home: string;
  readonly app: ServerProcess;
  /** The worker's process, which the app starts again when it ends. */
  workers(): readonly number[];
  /** The embedded database, as its superuser. */
  databaseUrl(): string;
  databasePid(): number;
  /** Every process of the app: itself, the worker, the database server with its children, ffmpeg. */
  processes(): readonly number[];
  /** The same home in a new process, on the same ports. */
  restart(): Promise<StandaloneSystem>;
}

export interface StandaloneOptions {
  /** Settings beside the usual ones. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Starts what `npm start` starts, on a home of its own. */
export async function startStandaloneSystem(options: StandaloneOptions = {}): Promise<StandaloneSystem> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'millrace-e2e-'));
  const [port = 0, internalPort = 0] = await freePorts(2);
  return startOn({ ...options, home, port, internalPort, spans: await startOtlpReceiver() });
}

interface Place extends StandaloneOptions {
  readonly home: string;
  readonly port: number;
  readonly internalPort: number;
  readonly spans: OtlpReceiver;
}

async function startOn(place: Place): Promise<StandaloneSystem> {
  const { home, port, internalPort, spans } = place;
  const app = await startServerProcess({
    name: 'millrace',
    command: process.execPath,
    args: ['--no-warnings', '--enable-source-maps', MAIN],
    variables: {
      ...TEST_SETTINGS,
      NODE_OPTIONS: '',
      MILLRACE_HEARTBEAT_MS: String(HEARTBEAT_MS),
      MILLRACE_HOME: home,
      MILLRACE_HTTP_PORT: String(port),
      MILLRACE_INTERNAL_PORT: String(internalPort),
      OTEL_EXPORTER_OTLP_ENDPOINT: spans.url,
      ...place.variables,
    },
    readyTimeoutMs: START_TIMEOUT_MS,
    ready: /ready in/,
  });
  return {
    home,
    app,
    spans,
    url: `http://127.0.0.1:${port}`,
    internalUrl: `http://127.0.0.1:${internalPort}`,
    apiKey: readFileSync(path.join(home, 'api-key'), 'utf8').trim(),
    workers: () => workersOf(app.pid),
    databaseUrl: () => embeddedDatabaseUrl(home),
    databasePid: () => Number(postmasterFile(home)[0]),
    processes: () => processesOf(home, app.pid),
    killWorker: async () => {
      for (const pid of workersOf(app.pid)) process.kill(pid, 'SIGKILL');
    },
    restart: () => startOn(place),
    stop: async () => {
      await app.stop();
      await spans.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function embeddedDatabaseUrl(home: string): string {
  const password = readFileSync(path.join(home, 'postgres', 'password'), 'utf8').trim();
  const port = postmasterFile(home)[3];
  return `postgres://millrace:${password}@127.0.0.1:${port}/postgres`;
}

/** Lines: process id, data directory, start, port, … */
function postmasterFile(home: string): readonly string[] {
  return readFileSync(path.join(home, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n');
}
