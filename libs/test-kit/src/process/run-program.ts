import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { inheritedVariables } from '../test-environment.js';

const OUTPUT_BYTES_MAX = 8 * 1024 * 1024;

export interface ProgramOptions {
  readonly directory?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Runs a program to its end and returns what it wrote. Rejects with its error output when it fails. */
export function runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const settings = {
      cwd: options.directory,
      env: { ...inheritedVariables(), ...options.variables },
      timeout: options.timeoutMs,
      maxBuffer: OUTPUT_BYTES_MAX,
    };
    execFile(command, args, settings, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      reject(
        new Error(`${command} failed: ${(stderr || stdout || error.message).trim().slice(-2000)}`, { cause: error }),
      );
    });
  });
}

/** True where a program of this name is in the search path. */
export async function hasProgram(name: string): Promise<boolean> {
  const folders = (inheritedVariables()['PATH'] ?? '').split(path.delimiter);
  const found = await Promise.all(folders.map((folder) => isExecutable(path.join(folder, name))));
  return found.includes(true);
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
