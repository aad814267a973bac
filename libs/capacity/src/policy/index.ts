export { afterTick, type DeadlineJob } from './spot/deadline-job.js';
export { guardedSpot, tickPrice, type SpotJob, type SpotMode, type SpotView } from './spot/spot-job.js';
export { jobGrid, phaseIndex, slackNeeded, slackOf, type JobGrid } from './spot/job-grid.js';
export { countTransitions, nextRun, RUN_AGE_BINS, runState, semiMarkovChain, type SpotRun } from './spot/run-age.js';
export type { SpotChain } from './spot/spot-chain.js';
export { chainAtLevel, stateOf } from './spot/end-rate.js';
export { fitSpot, type SpotFit } from './spot/spot-fit.js';
export { parseSpotFitFile, SPOT_FIT_KIND, type SpotFitFile } from './spot/spot-fit-file.js';
export { NOTHING_SEEN, SpotPlanner } from './spot/spot-planner.js';
export { chosenBy, solveSpotProgramme, type SpotProgramme } from './spot/spot-programme.js';
export {
  cheapestSpotZone,
  zoneTickPrice,
  type ZoneMode,
  type ZoneOffer,
  type ZoneView,
} from './spot-zones/zone-job.js';
export { fitRegimes } from './spot-zones/fit-regimes.js';
export { parseRegimeFitFile, REGIME_FIT_KIND, type RegimeFitFile } from './spot-zones/regime-fit-file.js';
export type { RegimeFit } from './spot-zones/spot-regimes.js';
export { ZonePlanner } from './spot-zones/zone-planner.js';
