import { runState, type SpotRun } from './run-age.js';
import { spotChain, type SpotChain } from './spot-chain.js';
import type { SpotFit } from './spot-fit.js';

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
  const chance = fit.on.endChance[runState(fit.ageBins, run) - fit.ageBins.length] ?? 0;
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

/** The chain of a zone whose runs of capacity end at exp(`level`) times the fit's rate. States as in `runState`. */
export function chainAtLevel(fit: SpotFit, level: number): SpotChain {
  const bins = fit.ageBins.length;
  const rows = Array.from({ length: 2 * bins }, (_, state) => {
    const on = state >= bins;
    const figures = on ? fit.on : fit.off;
    const chance = figures.endChance[state % bins] ?? 0;
    const ends = on ? endChanceAt(chance, level) : chance;
    const grows = figures.growChance[state % bins] ?? 0;
    const row = new Map([[on ? 0 : bins, ends]]);
    if (grows < 1) row.set(state, (1 - ends) * (1 - grows));
    if (grows > 0) row.set(state + 1, (1 - ends) * grows);
    return row;
  });
  return spotChain(
    rows.map((_, state) => (state >= bins ? 1 : 0)),
    rows,
  );
}
