import { MAX_CPU_MILLI, MAX_GPU_MILLI } from './dot-product.js';
import { bestFitGpus, freeGpuMilli, scanPolicy } from './score-scan.js';

/** The node that keeps the least free: mean of CPU and GPU, each as a share of the largest node. */
export const bestFit = scanPolicy('best-fit', (_workload, capacity) => ({
  score: (node, task) => {
    const cpu = ((capacity.freeCpuMilli[node] ?? 0) - task.cpuMilli) / MAX_CPU_MILLI;
    const gpu = (freeGpuMilli(capacity, node) - task.gpus * task.gpuMilli) / MAX_GPU_MILLI;
    return Math.trunc((1 - (cpu * 0.5 + gpu * 0.5)) * 100);
  },
  gpuMask: (node, task) => bestFitGpus(capacity, node, task),
}));
