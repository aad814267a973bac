import type { Rng } from '@millrace/kernel';
import { ClusterCapacity } from '@millrace/scheduling/policy';
import type { SharingWorkload } from './sharing-workload.js';

/** A node and, as a bit mask, its GPUs. */
export interface Seat {
  readonly node: number;
  readonly gpuMask: number;
}

/** One run of a policy. It learns what arrives from the calls alone. */
export interface SharingPlacer {
  /** Where the task goes, or null when no node has room. What it answers is taken before the next call. */
  choose(classIndex: number): Seat | null;
}

export interface SharingPolicy {
  readonly name: string;
  start(workload: SharingWorkload, capacity: ClusterCapacity, rng: Rng): SharingPlacer;
}

/**
 * Cell F (scheduling.md section 2): tasks arrive one by one and stay for ever; one without room is lost.
 * @returns the share of all GPU thousandths that is allocated at the end, in percent
 */
export function allocatedPercent(
  workload: SharingWorkload,
  arrivals: Int32Array,
  policy: SharingPolicy,
  rng: Rng,
): number {
  const capacity = new ClusterCapacity(workload.nodes);
  const placer = policy.start(workload, capacity, rng);
  for (const index of arrivals) {
    const seat = placer.choose(index);
    const task = workload.classes[index];
    if (seat === null || task === undefined) continue;
    capacity.take(seat.node, task.cpuMilli, task.memoryMib, task.gpuMilli, seat.gpuMask);
  }
  return 100 * (1 - capacity.freeGpuMilliTotal / capacity.totalGpuMilli);
}
