import {
  chosenBy,
  guarded,
  jobGrid,
  nextRun,
  phaseIndex,
  RUN_AGE_BINS,
  runState,
  slackOf,
  solveSpotProgramme,
  tickPrice,
  type SpotChain,
  type SpotJob,
  type SpotProgramme,
  type SpotRun,
} from '@millrace/capacity/policy';
import type { SpotPolicy } from '../run-job.js';

/**
 * The dynamic programme of scheduling.md section 1 over a chain by run age, {1, 2–3, 4–9, 10–24, 25+} as a rule, with
 * no memory but the age of the run.
 */
export function semiMarkovPolicy(chain: SpotChain, bins: readonly number[] = RUN_AGE_BINS): SpotPolicy {
  const solved = new Map<SpotJob, SpotProgramme>();
  const programmeOf = (job: SpotJob): SpotProgramme => {
    const prices = [0, tickPrice(job, 'spot'), tickPrice(job, 'onDemand')] as const;
    const programme = solved.get(job) ?? solveSpotProgramme(jobGrid(job), chain, prices);
    solved.set(job, programme);
    return programme;
  };
  return {
    name: 'semi-markov',
    start: (job) => {
      const programme = programmeOf(job);
      const { grid } = programme;
      let run: SpotRun | undefined;
      return (view) => {
        run = nextRun(run, view.spotAvailable);
        const slack = slackOf(grid, view.tick, view.workLeftSeconds);
        const phase = phaseIndex(grid, view.mode, view.pendingSeconds);
        const choice = chosenBy(programme, view.tick, slack, phase, runState(bins, run));
        return guarded(job, view, choice);
      };
    },
  };
}
