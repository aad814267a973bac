import { systemRng } from '@millrace/kernel';
import {
  HTTP_VARIABLES,
  KAFKA_VARIABLES,
  S3_VARIABLES,
  TELEMETRY_VARIABLES,
  databaseUrl,
  environment,
  httpSettings,
  kafkaSettings,
  loadSettings,
  runUntilSignal,
  s3Settings,
  telemetrySettings,
  unknownSettings,
  type RunningProcess,
} from '@millrace/platform';
import { GPU_WORKER_VARIABLES, gpuWorkerSettings } from '@millrace/app-gpu-worker';
import { z } from 'zod';
import { openHome } from './home-directory.js';
import { KNOWN_VARIABLES } from './known-variables.js';
import { readServiceSettings } from './service-settings.js';
import { STANDALONE_VARIABLES, standaloneSettings } from './standalone-settings.js';
import { startStandalone } from './start-standalone.js';
import { startupLine, welcome } from './welcome.js';
import type { StandaloneOptions } from './standalone-options.js';

const DEFAULT_INTERNAL_PORT = 9464;
/** The home gives them. */
const WORKER_FOLDERS = { MILLRACE_WORKER_WORK_DIRECTORY: '.', MILLRACE_WORKER_SPOOL_DIRECTORY: '.' };
const startedAtMs = performance.now();

await runUntilSignal(start);

async function start(): Promise<RunningProcess> {
  const settings = readSettings();
  if (process.argv.includes('--validate')) {
    process.stdout.write('millrace: the settings are good\n');
    process.exit(0);
  }
  const home = openHome(settings.settings.home, systemRng);
  process.once('exit', () => home.release());
  const progress = startupLine(process.stdout);
  const output = {
    write: (text: string) => void process.stdout.write(text),
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  };
  const app = await startStandalone({ ...settings, home, output, onProgress: progress.show }).finally(progress.clear);
  process.stdout.write(
    welcome({
      url: app.url,
      home: home.directory,
      apiKey: home.readKey('api-key') ?? '',
      readyS: (performance.now() - startedAtMs) / 1000,
    }),
  );
  return {
    stop: async () => {
      process.stdout.write('\n  stopping …\n');
      await app.stop();
      home.release();
    },
  };
}

function readSettings(): Omit<StandaloneOptions, 'home' | 'output' | 'onProgress'> {
  const source = environment();
  const [unknown] = unknownSettings(source, KNOWN_VARIABLES);
  if (unknown !== undefined) throw new Error(`${unknown} is no setting of Millrace: README.md lists them`);
  const http = loadSettings(httpSettings, HTTP_VARIABLES, source);
  // The worker reads its own in its process; a bad one is told here, before anything is started.
  loadSettings(gpuWorkerSettings, GPU_WORKER_VARIABLES, { ...source, ...WORKER_FOLDERS });
  const telemetry = loadSettings(telemetrySettings, TELEMETRY_VARIABLES, source);
  return {
    settings: loadSettings(standaloneSettings, STANDALONE_VARIABLES, source),
    services: readServiceSettings(source),
    http: { host: http.host, port: http.port, publicUrl: http.publicUrl },
    telemetry: {
      logLevel: telemetry.logLevel,
      otlpEndpoint: telemetry.otlpEndpoint,
      internalHost: telemetry.internalHost,
      internalPort: telemetry.internalPort ?? DEFAULT_INTERNAL_PORT,
    },
    outside: {
      databaseUrl: loadSettings(z.object({ url: databaseUrl.optional() }), { url: 'DATABASE_URL' }, source).url,
      kafka: source['KAFKA_BROKERS'] ? loadSettings(kafkaSettings, KAFKA_VARIABLES, source) : undefined,
      s3: source['S3_BUCKET'] || source['S3_ENDPOINT'] ? loadSettings(s3Settings, S3_VARIABLES, source) : undefined,
    },
  };
}
