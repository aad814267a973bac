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
 * A policy that takes the node with the highest score, the first by name among equals, as the published simulator does.
 * Its names were others than the trace's (with those, the published figures of policies with many ties do not come out),
 * so each run draws an order of names. Scores are kept per class and computed anew only for the node that changed.
 */
export function scanPolicy(
  name: string,
  scoreOf: (workload: SharingWorkload, capacity: ClusterCapacity) => NodeScore,
): SharingPolicy {
  return {
    name,
    start: (workload, capacity, rng) =>
      new ScoreScan(workload, capacity, scoreOf(workload, capacity), drawOrder(capacity.nodeCount, rng)),
  };
}

const UNFIT = -32768;

class ScoreScan implements SharingPlacer {
  private readonly versions: Int32Array;
  private readonly scores: { readonly at: Int32Array; readonly score: Int16Array }[];
  private readonly workload: SharingWorkload;
  private readonly capacity: ClusterCapacity;
  private readonly rule: NodeScore;
  private readonly byName: Int32Array;

  constructor(workload: SharingWorkload, capacity: ClusterCapacity, rule: NodeScore, byName: Int32Array) {
    this.workload = workload;
    this.capacity = capacity;
    this.rule = rule;
    this.byName = byName;
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
    for (const at of this.byName) {
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

/** Fisher and Yates. */
function drawOrder(nodes: number, rng: Rng): Int32Array {
  const order = Int32Array.from({ length: nodes }, (_, at) => at);
  for (let at = nodes - 1; at > 0; at--) {
    const other = Math.floor(rng.next() * (at + 1));
    const moved = order[at] ?? 0;
    order[at] = order[other] ?? 0;
    order[other] = moved;
  }
  return order;
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
