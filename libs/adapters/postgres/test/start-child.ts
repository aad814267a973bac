import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const FLAGS = ['--conditions=source', '--experimental-transform-types', '--no-warnings'];

/** A Node process of its own that runs one of this folder's sources; resolves with its first line of output. */
export async function startChild(
  script: string,
  args: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly firstLine: string }> {
  const folder = new URL('.', import.meta.url);
  const loader = new URL('source-loader.mjs', folder).href;
  const file = new URL(script, folder).pathname;
  const child = spawn(process.execPath, [...FLAGS, '--import', loader, file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const firstLine = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code} before it said anything`)));
  });
  return { child, firstLine };
}

/** SIGKILL, and wait until the process is gone. */
export function killHard(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
