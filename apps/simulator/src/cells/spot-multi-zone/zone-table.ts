import { seededRng } from '@millrace/kernel';
import { bootstrapInterval } from '../../bench/bootstrap-interval.js';
import type { CausalBound } from './causal-bound.js';
import type { ZoneOutcome } from './run-zone-job.js';
import type { ZoneCase } from './zone-cases.js';

/** What one policy paid in one case, window by window. */
export interface ZoneFigures {
  readonly policy: string;
  readonly outcomes: readonly ZoneOutcome[];
}

/** A case as it was run. */
export interface ZoneResult {
  readonly zoneCase: ZoneCase;
  readonly figures: readonly ZoneFigures[];
  readonly bound?: CausalBound;
}

const OURS = 'millrace';
const SEED = 1;
const EGRESS_GB = 50;
const EGRESS_USD_PER_GB = 0.02;

export function meanUsd({ outcomes }: ZoneFigures): number {
  return meanOf(outcomes.map(({ costUsd }) => costUsd));
}

/** Mean dollars with egress for each move and a minute of Spot for each successful probe of another zone. */
export function meanWithMovesUsd({ outcomes }: ZoneFigures): number {
  return meanOf(
    outcomes.map(({ costUsd, moves, probesUsd }) => costUsd + probesUsd + moves * EGRESS_GB * EGRESS_USD_PER_GB),
  );
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The cell's section of docs/benchmarks/scheduling.md. */
export function zoneTable(results: readonly ZoneResult[], fitWords: string): string {
  const windows = results[0]?.figures[0]?.outcomes.length ?? 0;
  const misses = results
    .flatMap(({ figures }) => figures)
    .filter(({ policy }) => policy === OURS)
    .reduce((sum, { outcomes }) => sum + outcomes.filter(({ missed }) => missed).length, 0);
  return [
    ...results.map(caseSection),
    '### How it was measured',
    `${windows} back-to-back windows of 311 ticks a case. Deadlines that \`millrace\` missed: ${misses}. ` +
      `Its figures are from ${fitWords}; what the run's zones themselves have shown ` +
      'before a window is told to `millrace` as a provider keeps it, and not to `millrace-no-past`. ' +
      '`knows-the-chances` is the same planner told the whole trace beforehand: it cheats, and shows what better ' +
      'estimates of the chances alone could save. The difference is the mean over windows of what `millrace` pays less ' +
      'what the policy pays in the same window, with a bootstrap 95 % interval (2,000 resamples); with so few windows ' +
      'it is a rough one. “With moves” adds 50 GB at 0.02 $/GB for each move and a minute of Spot for each probe of ' +
      'another zone that finds capacity, in every tick of the job.',
  ].join('\n\n');
}

function caseSection({ zoneCase, figures, bound }: ZoneResult): string {
  const ours = figures.find(({ policy }) => policy === OURS);
  const lines = figures.map((own) => `| ${rowOf(own, ours, zoneCase).join(' | ')} |`);
  return [
    `### ${zoneCase.zones.join(', ')}; deadline ÷ work ${zoneCase.ratio}`,
    [
      '| policy | anchor $ | mean $ | with moves $ | millrace less this, $ | misses | windows, $ |',
      '|---|---|---|---|---|---|---|',
      ...lines,
    ].join('\n'),
    ...(ours === undefined ? [] : targetWords(zoneCase, ours, figures)),
    ...(bound === undefined ? [] : [boundWords(bound)]),
  ].join('\n\n');
}

function rowOf(own: ZoneFigures, ours: ZoneFigures | undefined, { anchors }: ZoneCase): readonly string[] {
  return [
    own.policy,
    anchors?.byPolicy[own.policy]?.toFixed(1) ?? '',
    meanUsd(own).toFixed(1),
    own.outcomes.some(({ launches }) => launches > 0) ? meanWithMovesUsd(own).toFixed(1) : '',
    ours === undefined || own === ours ? '' : difference(ours, own),
    String(own.outcomes.filter(({ missed }) => missed).length),
    own.outcomes.map(({ costUsd }) => costUsd.toFixed(0)).join(' '),
  ];
}

function difference(ours: ZoneFigures, other: ZoneFigures): string {
  const pairs = ours.outcomes.map(({ costUsd }, window) => costUsd - (other.outcomes[window]?.costUsd ?? Number.NaN));
  const { mean, low, high } = bootstrapInterval([pairs], seededRng(SEED));
  return `${mean.toFixed(1)} (${low.toFixed(1)} … ${high.toFixed(1)})`;
}

function targetWords({ anchors }: ZoneCase, ours: ZoneFigures, figures: readonly ZoneFigures[]): readonly string[] {
  const optimum = figures.find(({ policy }) => policy === 'omniscient');
  const above = optimum === undefined ? Number.NaN : 100 * (meanUsd(ours) / meanUsd(optimum) - 1);
  const gap = `${above.toFixed(1)} % above the omniscient optimum.`;
  if (anchors === undefined) return [gap];
  const met = meanUsd(ours) <= anchors.targetUsd ? 'met' : 'not met';
  return [`Target ≤ ${anchors.targetUsd.toFixed(0)}: ${meanUsd(ours).toFixed(1)}, ${met}; ${gap}`];
}

function boundWords({ causalUsd, omniscientUsd, windows }: CausalBound): string {
  const above = 100 * (causalUsd / omniscientUsd - 1);
  return (
    `Causal bound: on ${windows} windows drawn from these zones’ own regimes our planner, knowing their chances, pays ` +
    `${causalUsd.toFixed(1)} $ and the omniscient optimum ${omniscientUsd.toFixed(1)} $, ${above.toFixed(1)} % apart: ` +
    'what a causal policy can reach there lies between.'
  );
}
