import type { WorkerAnswer } from '@millrace/contracts';
import { toIso } from '@millrace/kernel';
import type { WorkerWithLeases } from '@millrace/scheduling/ports';

export function workerToHttp(worker: WorkerWithLeases): WorkerAnswer {
  return {
    id: worker.workerId,
    incarnation: worker.incarnation,
    pool: worker.pool,
    capacity: worker.capacity,
    gpu_type: worker.gpuType,
    gpus: worker.gpus,
    vram_mib: worker.vramMiB,
    slots: worker.slots,
    busy_slots: worker.usedSlots,
    task_types: [...worker.taskTypes],
    engine: worker.engine,
    version: worker.version,
    state: worker.state,
    registered_at: toIso(worker.registeredAt),
    last_heartbeat_at: toIso(worker.heartbeatAt),
    driver: worker.traits.driver ?? null,
    cpu_milli: worker.traits.cpuMilli ?? null,
    ram_mib: worker.traits.ramMiB ?? null,
    loaded_models: [...(worker.traits.loadedModels ?? [])],
    idle_percent: worker.traits.measuredIdlePercent ?? null,
    gpu_faults: (worker.traits.faults ?? []).map((fault) => ({ ...fault, since: toIso(fault.since) })),
  };
}
