import type { Worker } from './ports/worker-store.port.js';
import type { SchedulingPolicy } from './scheduling-policy.js';

/**
 * Task types that some worker runs, and whose demands for CPU and memory are more than any such worker has: all their tasks
 * wait. What a worker does not tell binds nothing.
 */
export function unmetDemands(demands: SchedulingPolicy['demands'], workers: readonly Worker[]): readonly string[] {
  return [...demands].flatMap(([taskType, { cpuMilli = 0, ramMiB = 0 }]) => {
    const serving = workers.filter(({ taskTypes }) => taskTypes.includes(taskType));
    const fits = serving.some(
      ({ traits }) => cpuMilli <= (traits.cpuMilli ?? Infinity) && ramMiB <= (traits.ramMiB ?? Infinity),
    );
    return serving.length === 0 || fits ? [] : [taskType];
  });
}
