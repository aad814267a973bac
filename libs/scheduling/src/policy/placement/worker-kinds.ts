import { SHARING_IDLE_PERCENT } from '../filters/hard-filters.js';
import type { WorkerView } from '../snapshot.js';
import { baysOf, type GpuBay } from './gpu-bays.js';

/** Workers that differ in nothing a filter looks at: what holds for `example` holds for all. */
export interface WorkerKind {
  readonly id: number;
  readonly example: WorkerView;
  readonly bays: readonly GpuBay[];
  count: number;
  draining: number;
}

/** Interns the facts of workers that do not change while it lives. Only labels that some task asks for tell them apart. */
export class WorkerKinds {
  readonly all: WorkerKind[] = [];
  private readonly byKey = new Map<string, WorkerKind>();

  constructor(private readonly labelNames: readonly string[]) {}

  add(worker: WorkerView): WorkerKind {
    const key = this.keyOf(worker);
    let kind = this.byKey.get(key);
    if (kind === undefined) {
      kind = { id: this.all.length, example: worker, bays: baysOf(worker), count: 0, draining: 0 };
      this.byKey.set(key, kind);
      this.all.push(kind);
    }
    kind.count += 1;
    if (worker.draining) kind.draining += 1;
    return kind;
  }

  private keyOf(worker: WorkerView): string {
    const labels = this.labelNames.map((name) => worker.labels?.[name] ?? null);
    const { pool, gpus, vramMiB, taskTypes, alive, gpuType, driver, cuda, purpose, taints, cpuMilli, ramMiB } = worker;
    const known = [worker.freeCpuMilli === undefined, worker.freeRamMiB === undefined];
    const mayShare = (worker.measuredIdlePercent ?? 0) >= SHARING_IDLE_PERCENT;
    const parts = [pool, gpus, vramMiB, taskTypes, alive, gpuType, driver, cuda, purpose, taints, cpuMilli, ramMiB];
    return JSON.stringify([parts, labels, known, mayShare, devicesKey(worker)]);
  }
}

function devicesKey(worker: WorkerView): string | undefined {
  return worker.devices
    ?.map(({ mode = 'whole', faulty = false, nvlinkGroup = 0, slices = [] }) => {
      return `${mode}${faulty ? '!' : ''}${nvlinkGroup}${slices.map(({ vramMiB }) => `/${vramMiB}`).join('')}`;
    })
    .join();
}
