import type { Decision } from '../policy/decision.js';
import type { GpuView } from '../policy/snapshot.js';

/** Task's number and place or reason: `1@worker-00001`, `1@worker-00001/0,1` with GPUs, `2:pool_busy`. */
export function told(decisions: readonly Decision[]): readonly string[] {
  return decisions.map((decision) => {
    const number = Number.parseInt(decision.task.id.slice(-12), 16);
    if (decision.kind === 'wait') return `${number}:${decision.reason}`;
    const devices = decision.devices === undefined ? '' : `/${decision.devices.join()}`;
    return `${number}@${decision.worker.workerId}${devices}`;
  });
}

/** Idle GPUs of a worker. */
export function idleGpus(count: number, vramMiB: number, overrides: Partial<GpuView> = {}): readonly GpuView[] {
  return Array.from({ length: count }, () => ({ freeMilli: 1000, freeVramMiB: vramMiB, ...overrides }));
}
