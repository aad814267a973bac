import type { CsvLine } from './gpu-sharing-csv.js';

const PATTERN = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

/** `2024-11-15 16:57:50`, in UTC, as seconds since 1970; throws with file, line and field on anything else. */
export function secondsOf(line: CsvLine, column: string): number {
  const written = line.text(column);
  const atMs = PATTERN.test(written) ? Date.parse(`${written.replace(' ', 'T')}Z`) : Number.NaN;
  if (Number.isNaN(atMs)) line.refuse(column, 'a time such as 2024-11-15 16:57:50');
  return atMs / 1_000;
}

/** Seconds above 0; throws with file, line and field on anything else. */
export function durationOf(line: CsvLine, column: string, maxSeconds: number): number {
  const written = line.text(column);
  const value = Number(written);
  if (/^\d+(\.\d+)?$/.test(written) && value > 0 && value <= maxSeconds) return value;
  return line.refuse(column, `a number of seconds above 0, up to ${maxSeconds}`);
}
