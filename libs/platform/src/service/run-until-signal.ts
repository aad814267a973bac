import { messageOf } from '@millrace/kernel';
import { releaseStartupMemory } from './release-startup-memory.js';

/** A process that hangs in its shutdown is ended after so long: drains take at most 25 s. */
const SHUTDOWN_LIMIT_MS = 30_000;

export interface RunningProcess {
  stop(): Promise<void>;
}

/**
 * Runs a process's main part: starts it, stops it once on SIGINT, SIGTERM, SIGHUP or (in a child) when the parent is gone. A
 * signal that comes during the start stops what the start has made. A failed start ends with one clear line and exit
 * status 1.
 */
export async function runUntilSignal(start: () => Promise<RunningProcess>): Promise<void> {
  const started = start();
  let running = false;
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
    void started
      .then((program) => program.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => fail('stop failed', error),
      );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', stop);
  process.on('disconnect', stop);
  // A start that fails tears down what it had made: what rejects on the way is an effect, and must not hide the cause.
  process.on('unhandledRejection', (error) => {
    if (running) fail('unhandled rejection', error);
  });
  try {
    await started;
    running = true;
    releaseStartupMemory();
  } catch (error) {
    fail('could not start', error);
  }
}

function fail(what: string, error: unknown): never {
  process.stderr.write(`millrace: ${what}: ${messageOf(error)}\n`);
  process.exit(1);
}
