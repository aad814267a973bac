import type { Task } from '../domain/task.js';
import type { RunKey } from '../policy/prediction/gpu-seconds-history.js';

const MS = 1000;

/**
 * What the length of a task's run depends on. Frames follow from the clip's seconds at a rate that the task type fixes, so
 * its milliseconds stand for them. `pool`: where it ran; '' while that is not known, which no run is recorded under.
 */
export function runKeyOf({ taskType, work }: Pick<Task, 'taskType' | 'work'>, pool = ''): RunKey {
  const { model, resolution, parameters } = work;
  return {
    taskType,
    model,
    resolution: resolution === null ? null : `${resolution.width}x${resolution.height}`,
    frames: parameters.durationS === undefined ? null : Math.round(parameters.durationS * MS),
    steps: parameters.steps ?? null,
    pool,
  };
}
