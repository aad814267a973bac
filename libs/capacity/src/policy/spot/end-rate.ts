import { pastRunState } from './past-runs.js';
import { binOf, type SpotRun } from './run-age.js';
import { spotChain, type SpotChain } from './spot-chain.js';
import { endChancesAfter, pastBinsOf, type SpotFit } from './spot-fit.js';

/**
 * Multiples of the fit's rate at which runs of Spot capacity end here, as logarithms: from about a third to three times.
 * One programme is solved for each level that is met.
 */
export const END_RATE_LEVELS: readonly number[] = [-1.05, -0.7, -0.35, 0, 0.35, 0.7, 1.05];

/** What a zone's own past says for each of `END_RATE_LEVELS`: a logarithm of likelihood, fading with time. */
export type EndRateEvidence = readonly number[];

export const NO_EVIDENCE: EndRateEvidence = END_RATE_LEVELS.map(() => 0);

/** Chance that a run ends with the next tick where runs end at exp(`level`) times the rate of `chance`. */
function endChanceAt(chance: number, level: number): number {
  return 1 - (1 - chance) ** Math.exp(level);
}

/**
 * Evidence after one more tick of a run of capacity: `ended` tells whether it was the last. Runs without capacity say
 * nothing on this rate.
 */
export function weighEnd(fit: SpotFit, evidence: EndRateEvidence, run: SpotRun, ended: boolean): EndRateEvidence {
  if (!run.on) return evidence;
  const past = Math.floor(stateOf(fit, run) / (2 * fit.ageBins.length));
  const chance = endChancesAfter(fit.on, past)[binOf(fit.ageBins, run.ageTicks)] ?? 0;
  const kept = 0.5 ** (1 / fit.evidenceHalfLifeTicks);
  return END_RATE_LEVELS.map((level, index) => {
    const ends = endChanceAt(chance, level);
    return (evidence[index] ?? 0) * kept + Math.log(Math.max(Number.MIN_VALUE, ended ? ends : 1 - ends));
  });
}

/** The level next to the expected multiple: a frailty model with a log-normal prior of the fit's spread. */
export function expectedLevel(fit: SpotFit, evidence: EndRateEvidence): number {
  const logWeights = END_RATE_LEVELS.map(
    (level, index) => (evidence[index] ?? 0) - level ** 2 / (2 * fit.endRateSpread ** 2),
  );
  const top = Math.max(...logWeights);
  let total = 0;
  let multiple = 0;
  logWeights.forEach((logWeight, index) => {
    const weight = Math.exp(logWeight - top);
    total += weight;
    multiple += weight * Math.exp(END_RATE_LEVELS[index] ?? 0);
  });
  const expected = Math.log(multiple / total);
  return END_RATE_LEVELS.reduce((best, level) =>
    Math.abs(level - expected) < Math.abs(best - expected) ? level : best,
  );
}

/** The state of a run in the chains of a fit. */
export function stateOf(fit: SpotFit, run: SpotRun): number {
  return pastRunState(fit.ageBins, pastBinsOf(fit), run);
}

/** The chain of a zone whose runs of capacity end at exp(`level`) times the fit's rate. States as in `stateOf`. */
export function chainAtLevel(fit: SpotFit, level: number): SpotChain {
  const bins = fit.ageBins.length;
  const pastBins = pastBinsOf(fit);
  const rows = Array.from({ length: pastBins.length * 2 * bins }, (_, state) => {
    const past = Math.floor(state / (2 * bins));
    const first = past * 2 * bins;
    const on = state - first >= bins;
    const bin = state % bins;
    const figures = on ? fit.on : fit.off;
    const chance = endChancesAfter(figures, past)[bin] ?? 0;
    const ends = on ? endChanceAt(chance, level) : chance;
    const grows = figures.growChance[bin] ?? 0;
    // The run that ends becomes the past of what follows; a bin's runs count as its first length.
    const ended = binOf(pastBins, fit.ageBins[bin] ?? 1) * 2 * bins;
    const row = new Map([[on ? ended : first + bins, ends]]);
    if (grows < 1) row.set(state, (1 - ends) * (1 - grows));
    if (grows > 0) row.set(state + 1, (1 - ends) * grows);
    return row;
  });
  return spotChain(
    rows.map((_, state) => (state % (2 * bins) >= bins ? 1 : 0)),
    rows,
  );
}
