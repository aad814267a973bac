import type { BenchmarkRow } from './benchmark-cell.js';

/** The name of the production policy in rows. */
const OURS = 'millrace';

/** One line of `--json`, with the six fields and no other. Throws on a figure that is none. */
export function lineOf({ cell, case: name, policy, metric, value, misses }: BenchmarkRow): string {
  const where = `${cell} ${name} ${policy} ${metric}`;
  if (!Number.isFinite(value)) throw new RangeError(`The figure of ${where} is ${value}.`);
  if (!Number.isInteger(misses) || misses < 0) throw new RangeError(`The misses of ${where} are ${misses}.`);
  return JSON.stringify({ cell, case: name, policy, metric, value, misses });
}

/** Rows of ours that missed a deadline: they make their cell void (scheduling.md section 2). */
export function voidRows(rows: readonly BenchmarkRow[]): readonly BenchmarkRow[] {
  return rows.filter(({ policy, misses }) => policy === OURS && misses > 0);
}

const HEADINGS = ['cell', 'case', 'policy', 'metric', 'value', 'misses'] as const;

/** A table for a terminal: columns as wide as their widest entry, figures to the right. */
export function tableOf(rows: readonly BenchmarkRow[]): string {
  const lines = rows.map((row) => [row.cell, row.case, row.policy, row.metric, figure(row.value), String(row.misses)]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const show = (line: readonly string[]): string =>
    line
      .map((text, column) => (column < 4 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${[HEADINGS, ...lines].map(show).join('\n')}\n`;
}

/** Four significant digits below 1, two decimals up to 100,000, whole numbers with commas above. */
function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 100_000) return Math.round(value).toLocaleString('en-US');
  return size < 1 && size > 0 ? value.toPrecision(4) : value.toFixed(2);
}
