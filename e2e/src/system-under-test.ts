import type { OtlpReceiver } from '@millrace/test-kit';

/** Millrace as a client and an operator see it, however it is run. */
export interface SystemUnderTest {
  /** Public base URL. */
  readonly url: string;
  readonly apiKey: string;
  /** Base URL of the operator's port with `/metrics`. */
  readonly internalUrl: string;
  /** Where the services send their spans. */
  readonly spans: OtlpReceiver;
  /** SIGKILL for the worker; another one comes. Resolves when it is dead. */
  killWorker(): Promise<void>;
  stop(): Promise<void>;
}

/** Short enough for tests to see a worker's death, long enough for a busy machine. */
export const LEASE_MS = 4000;
export const HEARTBEAT_MS = 500;
/** Settings that both ways to run take. */
export const TEST_SETTINGS = {
  MILLRACE_LEASE_MS: String(LEASE_MS),
  MILLRACE_NOOP_TASKS: 'true',
  MILLRACE_LOG_LEVEL: 'info',
  /** Of the test run itself. */
  MILLRACE_TEST_KEEPER: '',
} as const;
