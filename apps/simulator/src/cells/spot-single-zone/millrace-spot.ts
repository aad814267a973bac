import { NOTHING_SEEN, SpotPlanner, type SpotFit } from '@millrace/capacity/policy';
import type { SpotPolicy } from './run-job.js';

/** The production policy in cell U: one planner for all jobs of an environment, a memory of its own for each job. */
export function millraceSpot(fit: SpotFit): SpotPolicy {
  const planner = new SpotPlanner(fit);
  return {
    name: 'millrace',
    start: (job) => {
      let memory = NOTHING_SEEN;
      return (view) => {
        memory = planner.observe(memory, view.spotAvailable);
        return planner.decide(job, view, memory).choice;
      };
    },
  };
}
