import type { WorkerWithLeases } from './ports/worker-store.port.js';

/**
 * GPUs of a worker that serve the queue. Those out of service do not (SCH-50); and where slots alone bound a worker nobody
 * knows which one a task would run on, so that none serves while one is out.
 */
export function gpusInService({ gpus, traits }: Pick<WorkerWithLeases, 'gpus' | 'traits'>): number {
  const faulty = traits.faults?.length ?? 0;
  if (faulty > 0 && traits.devices === undefined) return 0;
  return Math.max(0, gpus - faulty);
}

/**
 * Slots that a task could have now: those of the GPUs in service, each with its part of the slots and one at least, without
 * those in use. What still runs on a GPU that is out counts as if it ran on another: rather one too few than a promise.
 */
export function slotsFree(worker: WorkerWithLeases): number {
  const { gpus, slots, usedSlots } = worker;
  const places = Math.ceil(gpusInService(worker) * Math.max(1, slots / Math.max(1, gpus)));
  return Math.max(0, Math.min(slots, places) - usedSlots);
}
