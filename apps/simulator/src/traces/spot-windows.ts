import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UsageError } from '../command-line/usage-error.js';

/** Availability of Spot capacity over a window: one number a tick, 1 where it can be had. */
export type SpotWindow = Uint8Array;

/** The recorded windows of one environment (one Spot type in one zone), in the order of its file. */
export interface SpotEnvironment {
  readonly name: string;
  readonly windows: readonly SpotWindow[];
}

const WINDOWS_MAX = 100_000;

/**
 * Reads every `*.txt` of a folder: one window a line, one character a tick, `1` available and `0` not.
 * Throws a UsageError with
 * file and line where a line holds anything else.
 */
export function readSpotEnvironments(folder: string): readonly SpotEnvironment[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  if (files.length === 0) throw new UsageError(`${folder} holds no *.txt file with Spot windows.`);
  return files.sort().map((file) => ({
    name: basename(file, '.txt'),
    windows: parseSpotWindows(readFileSync(join(folder, file), 'utf8'), file),
  }));
}

/** Parses the text of one environment; `file` is for the message of an error. */
export function parseSpotWindows(text: string, file: string): readonly SpotWindow[] {
  const lines = text.split('\n').map((line) => line.trimEnd());
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new UsageError(`${file}: no window; each line is one, of 0 and 1.`);
  if (lines.length > WINDOWS_MAX) {
    throw new UsageError(`${file}: ${lines.length} windows; at most ${WINDOWS_MAX} are read.`);
  }
  return lines.map((line, index) => {
    if (!/^[01]+$/.test(line)) throw new UsageError(`${file}, line ${index + 1}: a window is a row of 0 and 1 only.`);
    return Uint8Array.from(line, (character) => (character === '1' ? 1 : 0));
  });
}
