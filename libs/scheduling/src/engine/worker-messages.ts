import { capacityChanged } from '@millrace/contracts';
import { newEvent, type NewEvent } from '@millrace/messaging/ports';
import type { Worker } from './ports/worker-store.port.js';

/** The instance of a worker incarnation came: billing counts its time from 0 on its own clock, at this price. */
export function capacityOpened(worker: Worker): NewEvent {
  return capacity(worker, 'opened', 0);
}

/** It went: `worker.heartbeatMs` is the time it was held, as far as it was heard of. */
export function capacityClosed(worker: Worker): NewEvent {
  return capacity(worker, 'closed', worker.heartbeatMs);
}

function capacity(worker: Worker, change: 'opened' | 'closed', at: number): NewEvent {
  const { pool, instanceId, workerId, incarnation, gpus, gpuType } = worker;
  return newEvent(capacityChanged, {
    pool,
    instanceId,
    workerId,
    incarnation,
    change,
    gpus,
    gpuType,
    capacity: worker.capacity,
    pricePerGpuHour: worker.pricePerGpuHour.toString(),
    at,
  });
}
