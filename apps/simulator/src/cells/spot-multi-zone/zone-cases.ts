import type { DeadlineJob } from '@millrace/capacity/policy';
import { UsageError } from '../../command-line/usage-error.js';

/** Published figures of one case in dollars a job (scheduling.md section 2, cell S), by policy. */
export interface ZoneAnchors {
  readonly byPolicy: Readonly<Record<string, number>>;
  readonly targetUsd: number;
}

/** One case: zones, and how much longer the deadline is than the work. */
export interface ZoneCase {
  readonly name: string;
  readonly zones: readonly string[];
  readonly ratio: number;
  readonly anchors?: ZoneAnchors;
}

const THREE_ZONES = ['asia-southeast1-c', 'us-west1-b', 'us-east4-b'] as const;
const TWO_ZONES = ['asia-southeast1-c', 'us-west1-b'] as const;
const RATIOS: readonly number[] = [1.2, 1.5, 2];

const DEADLINE_TICKS = 311;
const CHANGEOVER_SECONDS = 720;
const WINDOWS_MAX = 6;

/** Per ratio: on-demand, cheapest and stay, uniform progress, omniscient, target. */
const THREE_ZONE_FIGURES: Readonly<Record<number, readonly number[]>> = {
  1.2: [3589.9, 927.9, 822.8, 764.1, 795],
  1.5: [2874.6, 776.4, 620.9, 532.2, 554],
  2: [2159.4, 577.5, 446.4, 391.6, 407],
};
const TWO_ZONE_FIGURES: Readonly<Record<number, readonly number[]>> = {
  1.2: [3589.9, 2371.6, 2355.7, 2218.8, 2300],
  1.5: [2874.6, 1904.5, 1931.4, 1676, 1745],
  2: [2159.4, 1346.1, 1493.5, 1179.5, 1225],
};

/** The cases to run: those of the specification, or one for each ratio with zones of the caller's. */
export function zoneCases(zones: readonly string[] | undefined, ratio: number | undefined): readonly ZoneCase[] {
  const ratios = ratio === undefined ? RATIOS : [ratio];
  if (zones !== undefined) return ratios.map((each) => caseOf(String(each), zones, each));
  return [
    ...ratios.map((each) => caseOf(String(each), THREE_ZONES, each)),
    ...ratios.map((each) => caseOf(`${each}/2-zones`, TWO_ZONES, each)),
  ];
}

function caseOf(name: string, zones: readonly string[], ratio: number): ZoneCase {
  const anchors = anchorsOf(zones, ratio);
  return { name, zones, ratio, ...(anchors !== undefined && { anchors }) };
}

function anchorsOf(zones: readonly string[], ratio: number): ZoneAnchors | undefined {
  const same = (known: readonly string[]): boolean =>
    known.length === zones.length && known.every((zone) => zones.includes(zone));
  const figures = same(THREE_ZONES) ? THREE_ZONE_FIGURES[ratio] : same(TWO_ZONES) ? TWO_ZONE_FIGURES[ratio] : undefined;
  if (figures === undefined) return undefined;
  const [onDemand = 0, cheapest = 0, uniform = 0, omniscient = 0, targetUsd = 0] = figures;
  return {
    byPolicy: {
      'on-demand': onDemand,
      'cheapest-available-stay': cheapest,
      'uniform-progress-price-move': uniform,
      omniscient,
    },
    targetUsd,
  };
}

/** The job of a case on traces of this tick. */
export function zoneJobOf(ratio: number, tickSeconds: number): DeadlineJob {
  return {
    tickSeconds,
    deadlineTicks: DEADLINE_TICKS,
    workSeconds: (DEADLINE_TICKS * tickSeconds) / ratio,
    changeoverSeconds: CHANGEOVER_SECONDS,
  };
}

/** First ticks of the windows: back to back from the start of the trace, six at most. Throws where not one fits. */
export function windowStarts(traceTicks: number): readonly number[] {
  const count = Math.min(WINDOWS_MAX, Math.floor(traceTicks / DEADLINE_TICKS));
  if (count === 0) throw new UsageError(`The traces have ${traceTicks} ticks; a window needs ${DEADLINE_TICKS}.`);
  return Array.from({ length: count }, (_, index) => index * DEADLINE_TICKS);
}
