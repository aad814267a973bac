import type { Rng, TaskId } from '@millrace/kernel';
import type { PendingTask, QuotaView, WorkerView } from '@millrace/scheduling/policy';

/** How large the world of the speed cell is. */
export interface SpeedSize {
  readonly pending: number;
  readonly nodes: number;
  readonly tenants: number;
}

export const GPUS_PER_NODE = 8;
const NODES_PER_RACK = 32;
const ZONES = ['zone-a', 'zone-b', 'zone-c'];
const GIB = 1024;

interface PoolShape {
  readonly pool: string;
  readonly share: number;
  readonly gpuType: string;
  readonly vramMiB: number;
  readonly taskTypes: readonly string[];
  readonly taints: readonly string[];
  readonly mode: 'whole' | 'shared';
}

/** Four kinds of machines in five pools; a tenth of them is time-sliced. */
const POOLS: readonly PoolShape[] = [
  pool('a10g', 0.3, 'A10G', 24, ['ti2v-5B', 'noop']),
  { ...pool('a10g-shared', 0.1, 'A10G', 24, ['ti2v-5B', 'noop']), mode: 'shared' },
  pool('a100', 0.25, 'A100-40GB', 40, ['t2v-A14B', 'i2v-A14B']),
  pool('h100', 0.2, 'H100-80GB', 80, ['t2v-A14B', 'i2v-A14B']),
  { ...pool('training', 0.15, 'H100-80GB', 80, ['train']), taints: ['training'] },
];

function pool(name: string, share: number, gpuType: string, vramGib: number, taskTypes: readonly string[]): PoolShape {
  return { pool: name, share, gpuType, vramMiB: vramGib * GIB, taskTypes, taints: [], mode: 'whole' };
}

/** Empty machines, in racks and zones. */
export function speedWorkers({ nodes }: SpeedSize): readonly WorkerView[] {
  const ends = POOLS.map((_, at) => POOLS.slice(0, at + 1).reduce((sum, { share }) => sum + share, 0) * nodes);
  return Array.from({ length: nodes }, (_, number): WorkerView => {
    const shape = POOLS[ends.findIndex((end) => number < Math.ceil(end))] ?? pool('a10g', 1, 'A10G', 24, []);
    const { mode, vramMiB } = shape;
    return {
      workerId: `node-${number.toString().padStart(6, '0')}`,
      incarnation: `life-${number}`,
      pool: shape.pool,
      gpus: GPUS_PER_NODE,
      vramMiB,
      slots: 4 * GPUS_PER_NODE,
      usedSlots: 0,
      taskTypes: shape.taskTypes,
      draining: false,
      alive: true,
      gpuType: shape.gpuType,
      driver: '535.183',
      cuda: '12.2',
      taints: shape.taints,
      zone: ZONES[Math.floor(number / NODES_PER_RACK) % ZONES.length] ?? '',
      rack: `rack-${Math.floor(number / NODES_PER_RACK)}`,
      cpuMilli: 192_000,
      freeCpuMilli: 192_000,
      ramMiB: 1_024 * GIB,
      freeRamMiB: 1_024 * GIB,
      devices: Array.from({ length: GPUS_PER_NODE }, () => ({ mode, freeMilli: 1000, freeVramMiB: vramMiB })),
    };
  });
}

/** Every second tenant has a quota; together they allow for less than all would take. */
export function speedQuotas({ nodes, tenants }: SpeedSize): readonly QuotaView[] {
  const fair = Math.ceil((nodes * GPUS_PER_NODE) / tenants);
  return Array.from({ length: Math.ceil(tenants / 2) }, (_, at) => ({
    scope: 'tenant',
    name: tenantName(2 * at),
    gpus: Math.max(2 * GPUS_PER_NODE, Math.round(fair * (at % 2 === 0 ? 1 : 3))),
    usedGpuMilli: 0,
    usedCpuMilli: 0,
    usedRamMiB: 0,
    usedTasks: 0,
  }));
}

export function tenantName(number: number): string {
  return `tenant-${number.toString().padStart(3, '0')}`;
}

interface Shape {
  readonly weight: number;
  readonly taskType: string;
  readonly gpus: number;
  readonly vramGib: number;
  readonly model: string;
  readonly share?: number;
  readonly seconds: number;
  readonly gang?: number;
}

/** What is asked for: most are small, a few are gangs. Weights are per arrival. */
const SHAPES: readonly Shape[] = [
  { weight: 30, taskType: 'ti2v-5B', gpus: 1, vramGib: 22, model: 'ti2v@1', seconds: 180 },
  { weight: 20, taskType: 'ti2v-5B', gpus: 1, vramGib: 15, model: 'ti2v@1', seconds: 120 },
  { weight: 8, taskType: 'noop', gpus: 1, vramGib: 5, model: 'noop@1', share: 250, seconds: 30 },
  { weight: 8, taskType: 'noop', gpus: 1, vramGib: 10, model: 'noop@1', share: 500, seconds: 60 },
  { weight: 12, taskType: 't2v-A14B', gpus: 1, vramGib: 40, model: 't2v@1', seconds: 285 },
  { weight: 8, taskType: 'i2v-A14B', gpus: 1, vramGib: 40, model: 'i2v@1', seconds: 285 },
  { weight: 5, taskType: 't2v-A14B', gpus: 2, vramGib: 40, model: 't2v@1', seconds: 150 },
  { weight: 3, taskType: 't2v-A14B', gpus: 4, vramGib: 80, model: 't2v@1', seconds: 90 },
  { weight: 2, taskType: 'i2v-A14B', gpus: 8, vramGib: 40, model: 'i2v@1', seconds: 600 },
  { weight: 0.6, taskType: 'train', gpus: 4, vramGib: 80, model: 'train@1', seconds: 3_600, gang: 2 },
  { weight: 0.6, taskType: 'train', gpus: 8, vramGib: 80, model: 'train@1', seconds: 3_600, gang: 4 },
  { weight: 0.2, taskType: 'train', gpus: 8, vramGib: 80, model: 'train@1', seconds: 7_200, gang: 16 },
];
const TOTAL_WEIGHT = SHAPES.reduce((sum, { weight }) => sum + weight, 0);

/** Makes tasks, one after another, from one seed. */
export class SpeedTasks {
  private made = 0;
  private gangs = 0;

  constructor(
    private readonly size: SpeedSize,
    private readonly rng: Rng,
  ) {}

  /** One task, or all members of a gang. */
  next(nowMs: number): readonly PendingTask[] {
    const shape = this.shape();
    const tenantId = tenantName(Math.floor(this.rng.next() ** 2 * this.size.tenants));
    const priority = Math.floor(this.rng.next() * 3) - 1;
    const seconds = shape.seconds * (0.5 + this.rng.next());
    const gang = shape.gang === undefined ? undefined : { id: `gang-${(this.gangs += 1)}`, size: shape.gang };
    return Array.from({ length: shape.gang ?? 1 }, () => {
      this.made += 1;
      return {
        id: `task-${this.made.toString().padStart(9, '0')}` as TaskId,
        tenantId,
        taskType: shape.taskType,
        priority,
        needs: { gpus: shape.gpus, vramMiB: shape.vramGib * GIB },
        requestedAt: nowMs + this.made / 1_000,
        model: shape.model,
        predictedGpuMs: Math.round(seconds * 1000 * shape.gpus),
        demands: demandsOf(shape),
        ...(gang === undefined ? {} : { gang }),
      };
    });
  }

  private shape(): Shape {
    let left = this.rng.next() * TOTAL_WEIGHT;
    for (const shape of SHAPES) {
      left -= shape.weight;
      if (left < 0) return shape;
    }
    return SHAPES[0] as Shape;
  }
}

function demandsOf({ gpus, share, taskType }: Shape): NonNullable<PendingTask['demands']> {
  const machine = { cpuMilli: 8_000 * gpus, ramMiB: 32 * GIB * gpus, minDriver: '535', minCuda: '12.2' };
  if (share !== undefined) {
    return { ...machine, cpuMilli: 8 * share, ramMiB: 16 * share, gpuUse: 'shared', gpuMilli: share };
  }
  return taskType === 'train' ? { ...machine, purpose: 'training', tolerations: ['training'] } : machine;
}
