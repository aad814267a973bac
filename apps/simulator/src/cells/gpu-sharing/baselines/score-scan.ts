import type { Rng } from '@millrace/kernel';
import type { ClusterCapacity, TaskClass } from '@millrace/scheduling/policy';
import type { SharingPlacer, SharingPolicy } from '../sharing-simulation.js';
import type { SharingWorkload } from '../sharing-workload.js';

/** How a published policy rates nodes, in whole points, more is better, and which GPUs it takes of the one chosen. */
export interface NodeScore {
  /** The task fits the node. */
  score(node: number, task: TaskClass): number;
  gpuMask(node: number, task: TaskClass): number;
}

/**
 * A policy that takes the node with the highest score, the first among equals (as in the published simulator). Scores
 * are kept per class and computed anew only for the node that changed.
 */
export function scanPolicy(
  name: string,
  scoreOf: (workload: SharingWorkload, capacity: ClusterCapacity, rng: Rng) => NodeScore,
): SharingPolicy {
  return {
    name,
    start: (workload, capacity, rng) => new ScoreScan(workload, capacity, scoreOf(workload, capacity, rng)),
  };
}

const UNFIT = -32768;

class ScoreScan implements SharingPlacer {
  private readonly versions: Int32Array;
  private readonly scores: { readonly at: Int32Array; readonly score: Int16Array }[];
  private readonly workload: SharingWorkload;
  private readonly capacity: ClusterCapacity;
  private readonly rule: NodeScore;

  constructor(workload: SharingWorkload, capacity: ClusterCapacity, rule: NodeScore) {
    this.workload = workload;
    this.capacity = capacity;
    this.rule = rule;
    this.versions = new Int32Array(capacity.nodeCount).fill(1);
    this.scores = workload.classes.map(() => {
      return { at: new Int32Array(capacity.nodeCount), score: new Int16Array(capacity.nodeCount) };
    });
  }

  choose(classIndex: number): { node: number; gpuMask: number } | null {
    const task = this.workload.classes[classIndex];
    const scores = this.scores[classIndex];
    if (task === undefined || scores === undefined) return null;
    let best = UNFIT;
    let node = -1;
    for (let at = 0; at < this.capacity.nodeCount; at++) {
      if (scores.at[at] !== this.versions[at]) {
        scores.at[at] = this.versions[at] ?? 0;
        scores.score[at] = fitsNode(this.capacity, at, task) ? this.rule.score(at, task) : UNFIT;
      }
      if ((scores.score[at] ?? UNFIT) <= best) continue;
      best = scores.score[at] ?? UNFIT;
      node = at;
    }
    if (node === -1) return null;
    this.versions[node] = (this.versions[node] ?? 0) + 1;
    return { node, gpuMask: this.rule.gpuMask(node, task) };
  }
}

/** The filters: GPU model, CPU, memory, and as many GPUs with enough free as the task needs. */
export function fitsNode(capacity: ClusterCapacity, node: number, task: TaskClass): boolean {
  if ((capacity.freeCpuMilli[node] ?? 0) < task.cpuMilli) return false;
  if ((capacity.freeMemoryMib[node] ?? 0) < task.memoryMib) return false;
  if (task.kinds !== null && task.kinds[capacity.kind[node] ?? 0] !== 1) return false;
  let enough = 0;
  for (let gpu = 0; gpu < (capacity.gpuCount[node] ?? 0); gpu++) {
    if ((capacity.freeGpuMilli[node * capacity.stride + gpu] ?? 0) >= task.gpuMilli) enough += 1;
  }
  return enough >= task.gpus;
}

export function freeGpuMilli(capacity: ClusterCapacity, node: number): number {
  let free = 0;
  for (let gpu = 0; gpu < (capacity.gpuCount[node] ?? 0); gpu++) {
    free += capacity.freeGpuMilli[node * capacity.stride + gpu] ?? 0;
  }
  return free;
}

/** The tightest GPUs that fit, the first among equals: the published simulator's choice unless a policy has its own. */
export function bestFitGpus(capacity: ClusterCapacity, node: number, task: TaskClass): number {
  return task.gpus === 0 ? 0 : capacity.tightestGpus(node, task.gpuMilli, task.gpus);
}
