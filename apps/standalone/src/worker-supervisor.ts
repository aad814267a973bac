import { fork, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { backoffMs, type Clock, type Logger, type Rng } from '@millrace/kernel';

const RESTART = { initialMs: 500, maxMs: 15_000, factor: 2, jitter: 0.2 };
/** A worker that ran so long was healthy: its next failure starts at the short wait again. */
const HEALTHY_MS = 30_000;
/** A worker drains for at most 25 s. */
const STOP_LIMIT_MS = 28_000;

export interface WorkerSupervisorOptions {
  /** The built main file of the worker. */
  readonly file: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Gets what the worker prints. */
  readonly logFile: string;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  /** Told each time a worker died and another one will come. */
  readonly onDeath?: (reason: string) => void;
}

/** Keeps one worker process running. Killing it shows what killing a GPU node shows: another one comes. */
export class WorkerSupervisor {
  private child: ChildProcess | undefined;
  private stopping = false;
  private failures = 0;
  private cancelRestart: (() => void) | undefined;
  private readonly output: WriteStream;

  constructor(private readonly options: WorkerSupervisorOptions) {
    this.output = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  }

  /** Starts the worker; resolves when the first one is registered, rejects when it ends before. */
  start(): Promise<void> {
    const child = this.launch();
    return new Promise((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) =>
        reject(new Error(`the worker ended at its start with status ${code}: see ${this.options.logFile}`)),
      );
    });
  }

  private launch(): ChildProcess {
    const { file, environment, clock, logger } = this.options;
    const startedAt = clock.monotonicMs();
    const child = fork(file, [], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: ['--no-warnings', '--enable-source-maps'],
    });
    child.stdout?.pipe(this.output, { end: false });
    child.stderr?.pipe(this.output, { end: false });
    child.on('error', (error) => logger.error('the worker could not be started', { error: error.message }));
    child.once('exit', (code, signal) => this.exited(signal ?? `status ${code}`, clock.monotonicMs() - startedAt));
    this.child = child;
    logger.info('worker started', { pid: child.pid });
    return child;
  }

  /** Process id of the present worker. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Ends the worker: drained within its bound, else killed. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.cancelRestart?.();
    const { child } = this;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      const cancel = this.options.clock.after(STOP_LIMIT_MS, () => child.kill('SIGKILL'));
      await ended;
      cancel();
    }
    await new Promise<void>((resolve) => this.output.end(resolve));
  }

  private exited(reason: string, ranMs: number): void {
    if (this.stopping) return;
    this.failures = ranMs > HEALTHY_MS ? 1 : this.failures + 1;
    const delayMs = backoffMs(RESTART, this.failures, this.options.rng);
    this.options.logger.warn('the worker ended: another one is started', { reason, delayMs });
    this.options.onDeath?.(reason);
    this.cancelRestart = this.options.clock.after(delayMs, () => this.launch());
  }
}
