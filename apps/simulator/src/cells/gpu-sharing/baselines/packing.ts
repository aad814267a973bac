import type { ClusterCapacity, TaskClass } from '@millrace/scheduling/policy';
import { bestFitGpus, scanPolicy } from './score-scan.js';

const BEST = 100;
const HALF = 50;
const THIRD = 33;
const WHOLE_MILLI = 1000;

/** GPUs in use first, the fullest at that; then free GPUs of nodes in use; then free nodes, those with fewer GPUs first. */
export const packing = scanPolicy('packing', (_workload, capacity) => ({
  score: (node, task) => (task.gpus === 0 ? 0 : packingScore(capacity, node, task)),
  gpuMask: (node, task) => bestFitGpus(capacity, node, task),
}));

function packingScore(capacity: ClusterCapacity, node: number, task: TaskClass): number {
  const gpuCount = capacity.gpuCount[node] ?? 0;
  const at = node * capacity.stride;
  let wholeFree = 0;
  for (let gpu = 0; gpu < gpuCount; gpu++) if (capacity.freeGpuMilli[at + gpu] === WHOLE_MILLI) wholeFree += 1;
  if (wholeFree === gpuCount) return Math.max(THIRD - wholeFree, wholeFree);
  const mask = capacity.tightestGpus(node, task.gpuMilli, task.gpus);
  let wholeUsed = 0;
  let freeOnUsedPercent = 0;
  for (let gpu = 0; gpu < gpuCount; gpu++) {
    if ((mask & (1 << gpu)) === 0) continue;
    const free = capacity.freeGpuMilli[at + gpu] ?? 0;
    if (free === WHOLE_MILLI) wholeUsed += 1;
    freeOnUsedPercent += Math.trunc((free * 100) / WHOLE_MILLI);
  }
  if (wholeUsed > 0) return Math.max(HALF - wholeUsed, THIRD);
  return Math.max(BEST - Math.trunc(freeOnUsedPercent / 10), HALF);
}
