import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { messageOf, type Clock, type DurationMs } from '@millrace/kernel';

/**
 * How a program ended and what it wrote. `absent`: there is no such program here, or it may not be run. `not_started`: the
 * machine could not start it now (no memory, no process or file left), and may the next time.
 */
export type ProgramEnd =
  | { readonly kind: 'ended'; readonly ok: boolean; readonly output: string; readonly complaint: string }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'not_started'; readonly reason: string };

/** Runs a program to its end without input; never rejects. */
export type RunProgram = (program: string, args: readonly string[], limitMs: DurationMs) => Promise<ProgramEnd>;

type SpawnProgram = (program: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

/** What comes after that is dropped; the kernel's log is the longest output, at a few MiB. */
const OUTPUT_MAX_CHARACTERS = 16 * 2 ** 20;

/** Programs that were killed and have not ended: with so many no further one is started. */
const HANGING_MAX = 2;

/**
 * Programs of this machine. One that takes longer than it may is killed and no longer waited for: a program that hangs
 * inside a driver does not even die of that, and more of them would not help.
 */
export function createProgramRunner(clock: Pick<Clock, 'after'>, spawnProgram: SpawnProgram = spawn): RunProgram {
  let hanging = 0;
  return (program, args, limitMs) =>
    new Promise((resolve) => {
      if (hanging >= HANGING_MAX) return resolve({ kind: 'timed_out' });
      const child = start(spawnProgram, program, args);
      if ('kind' in child) return resolve(child);
      let output = '';
      let complaint = '';
      // With no file left to open there are no pipes either.
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (output = bounded(output, text)));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint = bounded(complaint, text)));
      const cancel = clock.after(limitMs, () => {
        hanging += 1;
        child.once('exit', () => (hanging -= 1));
        child.kill('SIGKILL');
        child.unref();
        // Else its pipes would keep this process from ending.
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({ kind: 'timed_out' });
      });
      child.once('error', (error) => {
        cancel();
        resolve(unstarted(error));
      });
      child.once('close', (code) => {
        cancel();
        resolve({ kind: 'ended', ok: code === 0, output, complaint });
      });
    });
}

/** Some faults of a start are thrown, others told later by an event. */
function start(spawnProgram: SpawnProgram, program: string, args: readonly string[]): ChildProcess | ProgramEnd {
  try {
    return spawnProgram(program, [...args], { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  } catch (error) {
    return unstarted(error);
  }
}

function unstarted(error: unknown): ProgramEnd {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'EACCES'
    ? { kind: 'absent' }
    : { kind: 'not_started', reason: messageOf(error) };
}

function bounded(sofar: string, text: string): string {
  return sofar.length + text.length > OUTPUT_MAX_CHARACTERS ? sofar : sofar + text;
}
