import { ZonePlanner, type RegimeFit } from '@millrace/capacity/policy';
import type { ZonePolicy, ZoneWindow } from './run-zone-job.js';

/** What a planner may have watched of its zones before a job: nothing, the ticks before it, or (cheating) every tick. */
export type ZonePast = 'none' | 'before' | 'everything';

/** The production policy in cell S: a planner for each job, told what was seen of the zones before it. */
export function millraceZones(name: string, fit: RegimeFit, past: ZonePast): ZonePolicy {
  return {
    name,
    start: (job, window) => {
      const planner = new ZonePlanner(fit, job, window.traces.length);
      if (past === 'everything') watch(planner, window, window.traces[0]?.available.length ?? 0);
      if (past !== 'none') watch(planner, window, window.firstTick);
      return (view) => planner.decide(view).choice;
    },
  };
}

function watch(planner: ZonePlanner, { traces }: ZoneWindow, ticks: number): void {
  for (let tick = 0; tick < ticks; tick++) planner.observe(traces.map(({ available }) => available[tick] === 1));
}
