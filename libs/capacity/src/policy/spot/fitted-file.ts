import { isRecord } from './fit-shape.js';

/** How a fit was made. */
export interface FitProvenance {
  /** The command that makes it again. */
  readonly madeBy: string;
  /** ISO date. */
  readonly madeOn: string;
  /** Where the data come from. */
  readonly source: string;
  readonly licence: string;
  /** Names of the environments in the data. */
  readonly environments: readonly string[];
  /** SHA-256 of each file that was read, in hexadecimal, by its name; earlier fits name none. */
  readonly inputs?: Readonly<Record<string, string>>;
}

/** A fitted file (libs/capacity/fits). */
export interface FittedFile<Kind extends string, Figures> {
  readonly kind: Kind;
  readonly provenance: FitProvenance;
  readonly figures: Figures;
}

/** The first thing that is wrong with a fitted file of `kind`, but for its figures: a sentence that names the field. */
export function fittedFileFault(value: unknown, kind: string): string | undefined {
  if (!isRecord(value)) return 'A fitted file is an object with kind, provenance and figures.';
  if (value.kind !== kind) return `kind must be "${kind}".`;
  const { provenance } = value;
  if (!isRecord(provenance)) return 'provenance must be an object that says how the figures were made.';
  for (const name of ['madeBy', 'madeOn', 'source', 'licence']) {
    if (typeof provenance[name] !== 'string' || provenance[name] === '') return `provenance.${name} must be a text.`;
  }
  const { environments } = provenance;
  if (!Array.isArray(environments) || !environments.every((name) => typeof name === 'string')) {
    return 'provenance.environments must be a list of names.';
  }
  return undefined;
}
