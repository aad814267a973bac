import type { EventData, queueSnapshot } from '@millrace/contracts';
import type { TaskDemands, WorkerView } from '../policy/snapshot.js';
import { checkSubmission, type MachineShape } from '../policy/submission/check-submission.js';
import type { PoolShape, SchedulingPolicy } from './scheduling-policy.js';

type Told = Pick<EventData<typeof queueSnapshot>, 'catalogue' | 'unfit'>;

/** A declared machine runs as many tasks as it has room for: it is the size that counts here. */
const SLOTS = 1_024;

/**
 * What the gateway refuses tasks by: each declared machine with the task types that it could run as far as CPU, memory, GPU
 * type and versions go, and why there is none for a type that pools name. Empty while nothing is declared.
 */
export function catalogueOf({ pools, demands }: Pick<SchedulingPolicy, 'pools' | 'demands'>): Told {
  if (pools.length === 0) return {};
  const shapes = pools.map((shape) => ({ shape, machine: toMachine(shape) }));
  const check = (taskType: string, cluster: readonly MachineShape[]) =>
    checkSubmission({ taskType, needs: { gpus: 1, vramMiB: 0 }, ...wishes(demands.get(taskType)) }, cluster);
  const all = shapes.map(({ machine }) => machine);
  const types = [...new Set(pools.flatMap(({ taskTypes }) => taskTypes))].toSorted();
  const unfit = types.flatMap((taskType) => {
    const answer = check(taskType, all);
    return answer.kind === 'fits' ? [] : [{ taskType, text: answer.text }];
  });
  return {
    catalogue: shapes.map(({ shape: { pool, gpus, vramMiB, taskTypes }, machine }) => ({
      ...{ pool, gpus, vramMiB },
      taskTypes: taskTypes.filter((taskType) => check(taskType, [machine]).kind === 'fits'),
    })),
    ...(unfit.length === 0 ? {} : { unfit }),
  };
}

function wishes(demands: TaskDemands | undefined): { readonly demands?: TaskDemands } {
  return demands === undefined ? {} : { demands };
}

function toMachine({ pool, ...shape }: PoolShape): MachineShape {
  const machine: WorkerView = {
    ...shape,
    pool,
    workerId: pool,
    incarnation: pool,
    slots: SLOTS,
    usedSlots: 0,
    draining: false,
    alive: true,
  };
  return { machine, count: 1 };
}
