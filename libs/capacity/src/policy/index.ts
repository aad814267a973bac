export { guarded, keepsDeadline } from './spot/deadline-guard.js';
export { afterTick, tickPrice, type SpotJob, type SpotMode, type SpotView } from './spot/spot-job.js';
export { jobGrid, phaseIndex, slackNeeded, slackOf, type JobGrid } from './spot/job-grid.js';
export { countTransitions, nextRun, RUN_AGE_BINS, runState, semiMarkovChain, type SpotRun } from './spot/run-age.js';
export { chosenBy, solveSpotProgramme, type SpotProgramme } from './spot/spot-programme.js';
export { guardedZone } from './spot-zones/zone-deadline-guard.js';
export {
  afterZoneTick,
  cheapestSpotZone,
  zoneTickPrice,
  type ZoneJob,
  type ZoneMode,
  type ZoneOffer,
  type ZoneView,
} from './spot-zones/zone-job.js';
