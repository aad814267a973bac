import { toIso } from '@millrace/kernel';
import type { Worker, WorkerState, WorkerWithLeases } from '@millrace/scheduling/ports';

/** A row of `scheduler.workers`, as `pg` gives it: bigint and numeric come as text. */
export interface WorkerRow {
  readonly incarnation: string;
  readonly worker_id: string;
  readonly instance_id: string;
  readonly pool: string;
  readonly capacity: string;
  readonly gpu_type: string;
  readonly gpus: number;
  readonly vram_mib: number;
  readonly slots: number;
  readonly task_types: readonly string[];
  readonly engine: string;
  readonly version: string;
  readonly traits: Worker['traits'] | null;
  readonly price_per_gpu_hour: string;
  readonly state: string;
  readonly registered_at: Date;
  readonly heartbeat_at: Date;
  readonly heartbeat_ms: string;
}

export function workerFromRow(row: WorkerRow): Worker {
  return {
    incarnation: row.incarnation,
    workerId: row.worker_id,
    instanceId: row.instance_id,
    pool: row.pool,
    capacity: row.capacity as Worker['capacity'],
    gpuType: row.gpu_type,
    gpus: row.gpus,
    vramMiB: row.vram_mib,
    slots: row.slots,
    taskTypes: row.task_types,
    engine: row.engine,
    version: row.version,
    traits: row.traits ?? {},
    pricePerGpuHour: BigInt(row.price_per_gpu_hour),
    state: row.state as WorkerState,
    registeredAt: row.registered_at.getTime(),
    heartbeatAt: row.heartbeat_at.getTime(),
    heartbeatMs: Number(row.heartbeat_ms),
  };
}

export function workerWithLeasesFromRow(row: WorkerRow & { readonly used_slots: number }): WorkerWithLeases {
  return { ...workerFromRow(row), usedSlots: row.used_slots };
}

/** One JSON array of rows: `text[]` per worker would need an array of arrays of one length. */
export function workersToJson(workers: readonly Worker[]): string {
  return JSON.stringify(
    workers.map((worker) => ({
      incarnation: worker.incarnation,
      worker_id: worker.workerId,
      instance_id: worker.instanceId,
      pool: worker.pool,
      capacity: worker.capacity,
      gpu_type: worker.gpuType,
      gpus: worker.gpus,
      vram_mib: worker.vramMiB,
      slots: worker.slots,
      task_types: worker.taskTypes,
      engine: worker.engine,
      version: worker.version,
      traits: worker.traits,
      price_per_gpu_hour: worker.pricePerGpuHour.toString(),
      state: worker.state,
      registered_at: toIso(worker.registeredAt),
      heartbeat_at: toIso(worker.heartbeatAt),
      heartbeat_ms: worker.heartbeatMs,
    })),
  );
}
