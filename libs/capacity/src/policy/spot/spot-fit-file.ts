import { fitFault } from './fit-shape.js';
import { fittedFileFault, type FittedFile } from './fitted-file.js';
import type { SpotFit } from './spot-fit.js';

export const SPOT_FIT_KIND = 'millrace.spot-fit.v1';

/** Figures for one zone (libs/capacity/fits/spot-single-zone.json). */
export type SpotFitFile = FittedFile<typeof SPOT_FIT_KIND, SpotFit>;

/** Checks what a fitted file holds. Throws an Error whose message names the first wrong field and says what it holds. */
export function parseSpotFitFile(value: unknown): SpotFitFile {
  const fault = fittedFileFault(value, SPOT_FIT_KIND) ?? fitFault((value as SpotFitFile).figures);
  if (fault !== undefined) throw new Error(fault);
  return value as SpotFitFile;
}
