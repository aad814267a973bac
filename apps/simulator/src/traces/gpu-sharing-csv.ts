import { UsageError } from '../command-line/usage-error.js';

/** One line of a CSV file with a header, that can say where a field is wrong. Fields hold no quotes and no commas. */
export interface CsvLine {
  /** Throws with file and line where the column is missing. */
  text(column: string): string;
  /** A whole number from `min` to `max`; throws with file, line and field on anything else. */
  whole(column: string, min: number, max: number): number;
  /** Throws with file, line and field: the field must be what `expected` says. */
  refuse(column: string, expected: string): never;
}

const LINES_MAX = 1_000_000;

/** Reads lines below the header; `columns` must all be there, in any order, others may be. */
export function parseCsv<Row>(
  text: string,
  file: string,
  columns: readonly string[],
  row: (line: CsvLine) => Row,
): readonly Row[] {
  const lines = text.split('\n').map((line) => line.trimEnd());
  while (lines.at(-1) === '') lines.pop();
  const [header = '', ...rest] = lines;
  const names = header.replace(/^\uFEFF/, '').split(',');
  const missing = columns.filter((column) => !names.includes(column));
  if (missing.length > 0) throw new UsageError(`${file}, line 1: no column ${missing.join(', ')} in the header.`);
  if (rest.length === 0) throw new UsageError(`${file}: nothing below the header.`);
  if (rest.length > LINES_MAX) throw new UsageError(`${file}: ${rest.length} lines; at most ${LINES_MAX} are read.`);
  return rest.map((line, index) => row(csvLine(line.split(','), names, `${file}, line ${index + 2}`)));
}

function csvLine(fields: readonly string[], names: readonly string[], where: string): CsvLine {
  if (fields.length !== names.length) {
    throw new UsageError(`${where}: ${fields.length} fields, but the header has ${names.length}.`);
  }
  const text = (column: string): string => fields[names.indexOf(column)] ?? '';
  const refuse = (column: string, expected: string): never => {
    throw new UsageError(`${where}: ${column} is "${text(column)}"; it must be ${expected}.`);
  };
  return {
    text,
    refuse,
    whole: (column, min, max) => {
      const written = text(column);
      const value = Number(written);
      if (/^\d+(\.0+)?$/.test(written) && value >= min && value <= max) return value;
      return refuse(column, `a whole number from ${min} to ${max}`);
    },
  };
}
