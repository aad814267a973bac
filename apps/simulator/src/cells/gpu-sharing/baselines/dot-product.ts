import { bestFitGpus, freeGpuMilli, scanPolicy } from './score-scan.js';

/** Tetris (SIGCOMM '14) as in the published simulator: the smaller the product of what is free and what is needed, the better. */
export const dotProduct = scanPolicy('dot-product', (_workload, capacity) => ({
  score: (node, task) => {
    const cpu = ((capacity.freeCpuMilli[node] ?? 0) / MAX_CPU_MILLI) * (task.cpuMilli / MAX_CPU_MILLI);
    const gpu = (freeGpuMilli(capacity, node) / MAX_GPU_MILLI) * ((task.gpus * task.gpuMilli) / MAX_GPU_MILLI);
    return Math.trunc(100 * (1 - (cpu + gpu) / 2));
  },
  gpuMask: (node, task) => bestFitGpus(capacity, node, task),
}));

/** The largest node of the trace, that amounts are measured against. */
export const MAX_CPU_MILLI = 128_000;
export const MAX_GPU_MILLI = 8000;
