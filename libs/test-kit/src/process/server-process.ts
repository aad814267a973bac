import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '@millrace/kernel';
import { withTimeout } from '../eventually.js';
import { inheritedVariables } from '../test-environment.js';

const STOP_TIMEOUT_MS = 15_000;
/** Output kept for the message of a failed start, characters. */
const OUTPUT_KEPT_MAX = 20_000;
/** A folder: all that each server writes goes to `<name>-<pid>.log` there, for whoever looks into a failed test. */
const LOGS_VARIABLE = 'MILLRACE_TEST_LOGS';

export interface ServerCommand {
  /** Stands in error messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly directory?: string;
  /** Added to the environment of this process. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly readyTimeoutMs: number;
  /** Ready when its output matches, or when the function resolves (it is called once and may poll). */
  readonly ready: RegExp | (() => Promise<void>);
}

/** A server that this process started and holds by its child handle. It is killed when this process exits. */
export interface ServerProcess {
  readonly pid: number;
  /** Milliseconds from spawn to ready. */
  readonly startMs: number;
  /** Settles when it has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** The end of what it wrote so far, for the message of a failed test. */
  output(): string;
  /** SIGTERM, and SIGKILL after 15 s. Idempotent. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: a machine that hangs. */
  pause(): void;
  resume(): void;
}

/** Starts a server and waits until it is ready. Rejects with its output when it is not. */
export async function startServerProcess(options: ServerCommand): Promise<ServerProcess> {
  const startedMs = systemClock.monotonicMs();
  const child = spawn(options.command, options.args, {
    cwd: options.directory,
    env: { ...inheritedVariables(), [LOGS_VARIABLE]: '', ...options.variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collectOutput(child);
  keepLog(child, options.name);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const killOnExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  void exited.then(() => process.off('exit', killOnExit));
  try {
    await withTimeout(becomesReady(child, options, output, exited), options.readyTimeoutMs, `${options.name} start`);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${options.name} did not start. Its output:\n${output.text()}`, { cause: error });
  }
  return { ...controlOf(child, exited), exited, output: output.text, startMs: systemClock.monotonicMs() - startedMs };
}

function controlOf(child: ChildProcess, exited: Promise<void>): Omit<ServerProcess, 'startMs' | 'output' | 'exited'> {
  const kill = (): Promise<void> => {
    child.kill('SIGKILL');
    return exited;
  };
  return {
    pid: child.pid ?? 0,
    kill,
    stop: () => {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      return withTimeout(exited, STOP_TIMEOUT_MS, 'stop').catch(kill);
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
}

function keepLog(child: ChildProcess, name: string): void {
  const folder = inheritedVariables()[LOGS_VARIABLE] ?? '';
  if (folder === '') return;
  mkdirSync(folder, { recursive: true });
  const log = createWriteStream(path.join(folder, `${name.replaceAll(/\W+/g, '-')}-${child.pid}.log`));
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
}

interface Output {
  text(): string;
  /** Resolves when what was written so far, or later, matches. */
  matches(pattern: RegExp): Promise<void>;
}

function collectOutput(child: ChildProcess): Output {
  let text = '';
  const listeners = new Set<() => void>();
  const take = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-OUTPUT_KEPT_MAX);
    for (const listener of listeners) listener();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const matches = (pattern: RegExp): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!pattern.test(text)) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
    });
  return { text: () => text, matches };
}

async function becomesReady(
  child: ChildProcess,
  options: ServerCommand,
  output: Output,
  exited: Promise<void>,
): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    void exited.then(() => reject(new Error(`${options.name} ended with status ${child.exitCode}`)));
  });
  const { ready } = options;
  await Promise.race([ready instanceof RegExp ? output.matches(ready) : ready(), failed]);
}
