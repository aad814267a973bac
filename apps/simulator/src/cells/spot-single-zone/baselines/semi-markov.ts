import {
  chosenBy,
  guardedSpot,
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

/** The state of a run in a chain. */
type StateOf = (run: SpotRun) => number;

/**
 * The dynamic programme of scheduling.md section 1 over a chain by run age, {1, 2–3, 4–9, 10–24, 25+} as a rule. It
 * learns nothing from the window.
 */
export function semiMarkovPolicy(
  chain: SpotChain,
  stateOf: StateOf = (run) => runState(RUN_AGE_BINS, run),
): SpotPolicy {
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
        const choice = chosenBy(programme, view.tick, slack, phase, stateOf(run));
        return guardedSpot(job, view, choice);
      };
    },
  };
}
