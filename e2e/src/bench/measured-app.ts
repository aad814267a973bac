import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePorts, startServerProcess } from '@millrace/test-kit';
import { processesOf } from '../process-table.js';

const START_TIMEOUT_MS = 120_000;

export interface MeasuredApp {
  readonly url: string;
  readonly apiKey: string;
  /** From the start of the process to its word that it is ready. */
  readonly readyMs: number;
  readonly home: string;
  processes(): readonly number[];
  /** Ends the app; its home stays. */
  end(): Promise<void>;
  /** Ends the app and removes its home. */
  stop(): Promise<void>;
}

/** Starts the built app of a checkout as `npm start` does, on `home` or on a new one, with its settings as they ship. */
export async function startMeasuredApp(options: {
  readonly checkout: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly home?: string;
}): Promise<MeasuredApp> {
  const home = options.home ?? mkdtempSync(path.join(os.tmpdir(), 'millrace-bench-'));
  const [port = 0, internalPort = 0] = await freePorts(2);
  const app = await startServerProcess({
    name: 'millrace',
    command: process.execPath,
    args: ['--no-warnings', '--enable-source-maps', path.join(options.checkout, 'apps/standalone/dist/main.js')],
    directory: options.checkout,
    variables: {
      NODE_OPTIONS: '',
      MILLRACE_TEST_KEEPER: '',
      MILLRACE_HOME: home,
      MILLRACE_HTTP_PORT: String(port),
      MILLRACE_INTERNAL_PORT: String(internalPort),
      ...options.settings,
    },
    readyTimeoutMs: START_TIMEOUT_MS,
    ready: /ready in/,
  });
  return {
    url: `http://127.0.0.1:${port}`,
    apiKey: readFileSync(path.join(home, 'api-key'), 'utf8').trim(),
    readyMs: app.startMs,
    home,
    processes: () => processesOf(home, app.pid),
    end: () => app.stop(),
    stop: async () => {
      await app.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
