import type { Attempt } from './attempt.js';
import type { Task } from './task.js';

/**
 * GPU time that the work of a completed task took, ms, as its workers reported it: the attempt that succeeded, and those
 * it went on from by a checkpoint. Undefined where a part of it is not known to the end: an attempt that was lost or
 * failed told its GPU time at its last report only.
 */
export function runGpuMs({ attempts }: Pick<Task, 'attempts'>): number | undefined {
  const last = attempts.at(-1);
  if (last?.state !== 'succeeded') return undefined;
  let gpuMs = last.gpuMs;
  let later: Attempt = last;
  for (const earlier of attempts.slice(0, -1).toReversed()) {
    if (later.resumedFromStep === 0) break;
    // Its worker never started it, so nothing of the work is in it.
    if (earlier.startedAt === null) continue;
    if (earlier.state !== 'preempted') return undefined;
    gpuMs += earlier.gpuMs;
    later = earlier;
  }
  return gpuMs;
}
