import type { SharingPolicy } from '../sharing-simulation.js';
import { bestFitGpus, fitsNode } from './score-scan.js';

/** Any node with room, and for a part of a GPU any of its GPUs with room. */
export const random: SharingPolicy = {
  name: 'random',
  start: (workload, capacity, rng) => ({
    choose: (index) => {
      const task = workload.classes[index];
      if (task === undefined) return null;
      let node = -1;
      for (let at = 0, found = 0; at < capacity.nodeCount; at++) {
        if (!fitsNode(capacity, at, task)) continue;
        found += 1;
        if (rng.next() * found < 1) node = at;
      }
      if (node === -1) return null;
      if (task.gpus !== 1 || task.gpuMilli === 1000) return { node, gpuMask: bestFitGpus(capacity, node, task) };
      let chosen = 0;
      for (let gpu = 0, found = 0; gpu < (capacity.gpuCount[node] ?? 0); gpu++) {
        if ((capacity.freeGpuMilli[node * capacity.stride + gpu] ?? 0) < task.gpuMilli) continue;
        found += 1;
        if (rng.next() * found < 1) chosen = gpu;
      }
      return { node, gpuMask: 1 << chosen };
    },
  }),
};
