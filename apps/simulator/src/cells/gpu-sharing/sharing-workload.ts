import type { Rng } from '@millrace/kernel';
import type { NodeSize, TaskClass } from '@millrace/scheduling/policy';
import { UsageError } from '../../command-line/usage-error.js';
import type { SharingNode } from '../../traces/gpu-sharing-nodes.js';
import type { SharingPod } from '../../traces/gpu-sharing-pods.js';

/** A cluster and a pod list in the policy's terms. A kind is a GPU model; pods that ask for the same are one class. */
export interface SharingWorkload {
  readonly nodes: readonly NodeSize[];
  readonly kinds: number;
  readonly classes: readonly TaskClass[];
  /** Per pod of the list, its class. */
  readonly classOfPod: Int32Array;
}

export function sharingWorkload(nodes: readonly SharingNode[], pods: readonly SharingPod[]): SharingWorkload {
  const models = [...new Set(nodes.map((node) => node.model))];
  const classes: TaskClass[] = [];
  const known = new Map<string, number>();
  const classOfPod = Int32Array.from(pods, (pod) => {
    const key = [pod.cpuMilli, pod.memoryMib, pod.gpus, pod.gpuMilli, ...pod.models].join(',');
    const index = known.get(key) ?? classes.push(classOf(pod, models)) - 1;
    known.set(key, index);
    return index;
  });
  return {
    nodes: nodes.map((node) => ({ ...node, kind: models.indexOf(node.model) })),
    kinds: models.length,
    classes,
    classOfPod,
  };
}

/** Tasks that are drawn at most: 1,213 nodes with 6,212 GPUs take some ten thousand of the recorded lists. */
const ARRIVALS_LIMIT = 1_000_000;

/**
 * Classes of the tasks that arrive, in order: pods of the list drawn with replacement until the GPU demand that arrived
 * reaches `ratio` × the cluster's GPUs. Throws a UsageError where the list never fills the cluster.
 */
export function drawArrivals(workload: SharingWorkload, ratio: number, rng: Rng): Int32Array {
  const wantedMilli = ratio * 1000 * workload.nodes.reduce((sum, node) => sum + node.gpus, 0);
  const arrivals: number[] = [];
  for (let arrivedMilli = 0; arrivedMilli < wantedMilli;) {
    if (arrivals.length === ARRIVALS_LIMIT) {
      throw new UsageError(`${ARRIVALS_LIMIT} tasks of the pod list do not fill the cluster: hardly one needs a GPU.`);
    }
    const index = workload.classOfPod[Math.floor(rng.next() * workload.classOfPod.length)] ?? 0;
    const { gpus, gpuMilli } = workload.classes[index] ?? { gpus: 0, gpuMilli: 0 };
    arrivals.push(index);
    arrivedMilli += gpus * gpuMilli;
  }
  return Int32Array.from(arrivals);
}

function classOf(pod: SharingPod, models: readonly string[]): TaskClass {
  const { cpuMilli, memoryMib, gpus, gpuMilli } = pod;
  const kinds = pod.models.length === 0 ? null : Uint8Array.from(models, (model) => Number(pod.models.includes(model)));
  return { cpuMilli, memoryMib, gpus, gpuMilli, kinds };
}
