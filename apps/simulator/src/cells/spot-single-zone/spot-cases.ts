import type { SpotJob } from '@millrace/capacity/policy';
import { SPOT_TICK_SECONDS } from './spot-fits.js';

const HOUR_SECONDS = 3600;
const WORK_HOURS = 48;
const ON_DEMAND_PRICE_PER_HOUR = 3.06;
const SPOT_PRICE_PER_HOUR = 0.9701;

/** A case of cell U with what scheduling.md section 2 gives for it: anchors and target in dollars a job. */
export interface SpotCase {
  readonly name: string;
  readonly job: SpotJob;
  readonly anchors: Readonly<Record<string, number>>;
  readonly targetUsd: number;
}

/** The four cases: deadline in hours, changeover in hours. */
export const SPOT_CASES: readonly SpotCase[] = [
  spotCase(52, '0.05', [147.39, 109.14, 85.34, 86.24, 85.16, 82.16], 84.8),
  spotCase(52, '0.20', [147.9, 117.12, 111.91, 111.2, 102.72, 90.73], 101.5),
  spotCase(70, '0.05', [147.39, 85.53, 74.23, 86.12, 69.74, 67.36], 69.3),
  spotCase(70, '0.20', [147.9, 93.15, 86.81, 95.09, 82.06, 74.33], 80.8),
];

function spotCase(
  deadlineHours: number,
  changeoverHours: string,
  anchors: readonly [number, number, number, number, number, number],
  targetUsd: number,
): SpotCase {
  const [onDemand, greedy, uniformProgress, neverWait, semiMarkov, omniscient] = anchors;
  return {
    name: `${deadlineHours}/${changeoverHours}`,
    job: {
      tickSeconds: SPOT_TICK_SECONDS,
      deadlineTicks: Math.round((deadlineHours * HOUR_SECONDS) / SPOT_TICK_SECONDS),
      workSeconds: WORK_HOURS * HOUR_SECONDS,
      changeoverSeconds: Math.round(Number(changeoverHours) * HOUR_SECONDS),
      onDemandPricePerHour: ON_DEMAND_PRICE_PER_HOUR,
      spotPricePerHour: SPOT_PRICE_PER_HOUR,
    },
    anchors: {
      'on-demand': onDemand,
      greedy,
      'uniform-progress': uniformProgress,
      'never-wait': neverWait,
      'semi-markov': semiMarkov,
      omniscient,
    },
    targetUsd,
  };
}
