import { isRecord, positiveFault } from '../spot/fit-shape.js';
import { fittedFileFault, type FittedFile } from '../spot/fitted-file.js';
import { JOINT_STATES_MAX } from './joint-chain.js';
import { FINE_ZONES_MAX, ZONES_TRACKED_MAX, type RegimeFit } from './spot-regimes.js';

export const REGIME_FIT_KIND = 'millrace.spot-regimes.v1';

/** Figures for several zones (libs/capacity/fits/spot-multi-zone.json). */
export type RegimeFitFile = FittedFile<typeof REGIME_FIT_KIND, RegimeFit>;

/** Chances are written with six digits. */
const ROUNDING = 1e-3;

/** Checks what a fitted file holds. Throws an Error whose message names the first wrong field and says what it holds. */
export function parseRegimeFitFile(value: unknown): RegimeFitFile {
  const fault = fittedFileFault(value, REGIME_FIT_KIND) ?? figuresFault((value as RegimeFitFile).figures);
  if (fault !== undefined) throw new Error(fault);
  return value as RegimeFitFile;
}

function figuresFault(figures: unknown): string | undefined {
  if (!isRecord(figures)) return 'figures must be an object with tickSeconds, fine and coarse.';
  return (
    positiveFault(figures, 'tickSeconds') ??
    regimesFault(figures.fine, 'figures.fine', FINE_ZONES_MAX) ??
    regimesFault(figures.coarse, 'figures.coarse', ZONES_TRACKED_MAX)
  );
}

/** `zones` of these regimes are planned with at a time. */
function regimesFault(regimes: unknown, name: string, zones: number): string | undefined {
  if (!isRecord(regimes)) return `${name} must be an object with offStates, startShares and chances.`;
  const { offStates, startShares, chances } = regimes;
  const statesMax = Math.floor(JOINT_STATES_MAX ** (1 / zones) + ROUNDING);
  if (!Array.isArray(chances) || chances.length < 2 || chances.length > statesMax) {
    return `${name}.chances must hold 2 to ${statesMax} rows, one for each state.`;
  }
  const states = chances.length;
  if (!Number.isInteger(offStates) || (offStates as number) < 1 || (offStates as number) >= states) {
    return `${name}.offStates must be a whole number from 1 to ${states - 1}.`;
  }
  if (!areShares(startShares, states)) return `${name}.startShares must hold ${states} shares that sum to 1.`;
  const wrong = chances.findIndex((row) => !areShares(row, states));
  return wrong < 0 ? undefined : `${name}.chances[${wrong}] must hold ${states} chances that sum to 1.`;
}

function areShares(shares: unknown, count: number): boolean {
  if (!Array.isArray(shares) || shares.length !== count) return false;
  if (!shares.every((share) => typeof share === 'number' && share >= 0 && share <= 1)) return false;
  return Math.abs((shares as readonly number[]).reduce((sum, share) => sum + share, 0) - 1) <= ROUNDING;
}
