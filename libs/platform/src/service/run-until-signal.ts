import { messageOf, type Logger } from '@millrace/kernel';

/** A process that hangs in its shutdown is ended after so long: drains take at most 25 s. */
const SHUTDOWN_LIMIT_MS = 30_000;

export interface RunningProcess {
  stop(): Promise<void>;
}

/**
 * Runs a process's main part: starts it, stops it once on SIGINT, SIGTERM or (in a child) when the parent is gone.
 * A failed start ends with one clear line and exit status 1. `--validate` checks the settings and exits.
 */
export async function runUntilSignal(start: () => Promise<RunningProcess>, log?: Logger): Promise<void> {
  let running: RunningProcess | undefined;
  let stopping = false;
  const stop = (reason: string): void => {
    if (stopping) return;
    stopping = true;
    log?.info('stopping', { reason });
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
    void (running?.stop() ?? Promise.resolve()).then(
      () => process.exit(0),
      (error: unknown) => fail('stop failed', error),
    );
  };
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('disconnect', () => stop('parent gone'));
  process.on('unhandledRejection', (error) => fail('unhandled rejection', error));
  try {
    running = await start();
  } catch (error) {
    fail('could not start', error);
  }
}

function fail(what: string, error: unknown): never {
  process.stderr.write(`millrace: ${what}: ${messageOf(error)}\n`);
  process.exit(1);
}
