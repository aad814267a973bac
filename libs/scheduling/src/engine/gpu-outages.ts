import type { GpuOutage } from './ports/cycle-observer.port.js';
import type { FaultyGpu, Worker } from './ports/worker-store.port.js';

/** What became of a worker's GPUs since `before`: which are out now that were not, and which are back. */
export function outagesOf({ workerId, pool, traits }: Worker, before: readonly FaultyGpu[]): readonly GpuOutage[] {
  const { faults = [] } = traits;
  const without = (all: readonly FaultyGpu[], some: readonly FaultyGpu[]): readonly FaultyGpu[] =>
    all.filter(({ gpu, code }) => !some.some((other) => other.gpu === gpu && other.code === code));
  const out = without(faults, before).map((fault) => ({ ...fault, workerId, pool, change: 'out' as const }));
  const stillOut = new Set(faults.map(({ gpu }) => gpu));
  const back = before
    .filter(({ gpu }) => !stillOut.has(gpu))
    .map((fault) => ({ ...fault, workerId, pool, change: 'back' as const }));
  return [...out, ...back];
}
