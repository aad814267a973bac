import type { ShapeOf } from './recorded-shape.js';
import type {
  ArrivedClass,
  GangMembership,
  GpuView,
  PendingTask,
  PolicyConfig,
  PoolView,
  Preference,
  QuotaView,
  RunningTask,
  SchedulingSnapshot,
  TaskDemands,
  WorkerView,
} from './snapshot.js';

// What is recorded of a cycle, field by field. A field that joins a snapshot or the policy's settings joins here too: the
// types say so.

const PREFERENCE: ShapeOf<Preference> = {
  object: { weight: 'number', minGpus: { optional: 'number' }, label: { optional: { list: 'text' } } },
};

const DEMANDS: ShapeOf<TaskDemands> = {
  object: {
    cpuMilli: { optional: 'number' },
    ramMiB: { optional: 'number' },
    gpuMilli: { optional: 'number' },
    gpuUse: { optional: 'text' },
    gpuTypes: { optional: { list: 'text' } },
    minDriver: { optional: 'text' },
    minCuda: { optional: 'text' },
    pool: { optional: 'text' },
    purpose: { optional: 'text' },
    tolerations: { optional: { list: 'text' } },
    labels: { optional: { record: 'text' } },
    prefers: { optional: { list: PREFERENCE } },
  },
};

const GANG: ShapeOf<GangMembership> = { object: { id: 'text', size: 'number', within: { optional: 'text' } } };

const PENDING: ShapeOf<PendingTask> = {
  object: {
    id: 'text',
    taskType: 'text',
    priority: 'number',
    needs: { object: { gpus: 'number', vramMiB: 'number' } },
    requestedAt: 'number',
    notBefore: { optional: 'number' },
    tenantId: { optional: 'text' },
    namespace: { optional: 'text' },
    model: { optional: 'text' },
    predictedGpuMs: { optional: 'number' },
    demands: { optional: DEMANDS },
    gang: { optional: GANG },
  },
};

const DEVICE: ShapeOf<GpuView> = {
  object: {
    mode: { optional: 'text' },
    freeMilli: 'number',
    freeVramMiB: 'number',
    sharers: { optional: 'number' },
    slices: { optional: { list: { object: { vramMiB: 'number', busy: 'flag' } } } },
    nvlinkGroup: { optional: 'number' },
    faulty: { optional: 'flag' },
  },
};

const RUNNING: ShapeOf<RunningTask> = {
  object: {
    id: 'text',
    taskType: 'text',
    priority: 'number',
    preemptible: 'flag',
    startedAt: 'number',
    expectedEndAt: { optional: 'number' },
    unsavedMs: 'number',
    preemptions: 'number',
    stopping: { optional: 'flag' },
    devices: { optional: { list: 'number' } },
    needs: { object: { gpus: 'number', vramMiB: 'number' } },
    demands: { optional: DEMANDS },
  },
};

const WORKER: ShapeOf<WorkerView> = {
  object: {
    workerId: 'text',
    incarnation: 'text',
    pool: 'text',
    gpus: 'number',
    vramMiB: 'number',
    slots: 'number',
    usedSlots: 'number',
    taskTypes: { list: 'text' },
    draining: 'flag',
    alive: 'flag',
    gpuType: { optional: 'text' },
    driver: { optional: 'text' },
    cuda: { optional: 'text' },
    purpose: { optional: 'text' },
    taints: { optional: { list: 'text' } },
    labels: { optional: { record: 'text' } },
    zone: { optional: 'text' },
    rack: { optional: 'text' },
    cpuMilli: { optional: 'number' },
    freeCpuMilli: { optional: 'number' },
    ramMiB: { optional: 'number' },
    freeRamMiB: { optional: 'number' },
    devices: { optional: { list: DEVICE } },
    measuredIdlePercent: { optional: 'number' },
    loadedModels: { optional: { list: 'text' } },
    recentTaskTypes: { optional: { list: 'text' } },
    running: { optional: { list: RUNNING } },
  },
};

const QUOTA: ShapeOf<QuotaView> = {
  object: {
    scope: 'text',
    name: 'text',
    gpus: { optional: 'number' },
    cpuMilli: { optional: 'number' },
    ramMiB: { optional: 'number' },
    tasks: { optional: 'number' },
    usedGpuMilli: 'number',
    usedCpuMilli: 'number',
    usedRamMiB: 'number',
    usedTasks: 'number',
  },
};

const ARRIVED: ShapeOf<ArrivedClass> = {
  object: {
    taskType: 'text',
    needs: { object: { gpus: 'number', vramMiB: 'number' } },
    model: { optional: 'text' },
    demands: { optional: DEMANDS },
    weight: 'number',
  },
};

const POOL: ShapeOf<PoolView> = { object: { pool: 'text', taskTypes: { list: 'text' }, condition: 'text' } };

export const SNAPSHOT_SHAPE: ShapeOf<SchedulingSnapshot> = {
  object: {
    pending: { list: PENDING },
    workers: { list: WORKER },
    quotas: { optional: { list: QUOTA } },
    pools: { optional: { list: POOL } },
    shares: {
      optional: {
        list: {
          object: { priority: 'number', pool: 'text', virtualGpuSeconds: 'number', tenants: { record: 'number' } },
        },
      },
    },
    arrivals: { optional: { list: ARRIVED } },
  },
};

const CLASS_LIMITS = { object: { maxWaitMs: 'number', liftAfterMs: { optional: 'number' } } } as const;

export const CONFIG_SHAPE: ShapeOf<PolicyConfig> = {
  object: {
    maxPlacements: 'number',
    ordering: {
      optional: {
        object: {
          classes: { map: ['number', CLASS_LIMITS] },
          otherwise: CLASS_LIMITS,
          highestPriority: 'number',
          weights: { map: ['text', 'number'] },
          slackGpuSeconds: 'number',
          setupFactor: 'number',
        },
      },
    },
    weights: {
      optional: {
        object: {
          coldModelMs: 'number',
          typeSwitchMs: 'number',
          strandedGpuMs: 'number',
          preferencePointMs: 'number',
          wholeForSliceMs: 'number',
        },
      },
    },
    preemption: {
      optional: {
        object: {
          maxVictimsPerCycle: 'number',
          minRunMs: 'number',
          maxPreemptionsPerTask: 'number',
          minWaitMs: 'number',
        },
      },
    },
    maxHolds: { optional: 'number' },
  },
};
