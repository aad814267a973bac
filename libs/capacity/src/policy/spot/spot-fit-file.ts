import { fitFault, isRecord } from './fit-shape.js';
import type { SpotFit } from './spot-fit.js';

/** How a fit was made. */
export interface SpotFitProvenance {
  /** The command that makes it again. */
  readonly madeBy: string;
  /** ISO date. */
  readonly madeOn: string;
  /** Where the data come from. */
  readonly source: string;
  readonly licence: string;
  /** Names of the environments in the data. */
  readonly environments: readonly string[];
}

/** A fitted file (libs/capacity/fits). */
export interface SpotFitFile {
  readonly kind: typeof SPOT_FIT_KIND;
  readonly provenance: SpotFitProvenance;
  readonly figures: SpotFit;
}

export const SPOT_FIT_KIND = 'millrace.spot-fit.v1';

/** Checks what a fitted file holds. Throws an Error whose message names the first wrong field and says what it holds. */
export function parseSpotFitFile(value: unknown): SpotFitFile {
  const fault = fileFault(value);
  if (fault !== undefined) throw new Error(fault);
  return value as SpotFitFile;
}

function fileFault(value: unknown): string | undefined {
  if (!isRecord(value)) return 'A fitted file is an object with kind, provenance and figures.';
  if (value.kind !== SPOT_FIT_KIND) return `kind must be "${SPOT_FIT_KIND}".`;
  const { provenance } = value;
  if (!isRecord(provenance)) return 'provenance must be an object that says how the figures were made.';
  for (const name of ['madeBy', 'madeOn', 'source', 'licence']) {
    if (typeof provenance[name] !== 'string' || provenance[name] === '') return `provenance.${name} must be a text.`;
  }
  const { environments } = provenance;
  if (!Array.isArray(environments) || !environments.every((name) => typeof name === 'string')) {
    return 'provenance.environments must be a list of names.';
  }
  return fitFault(value.figures);
}
