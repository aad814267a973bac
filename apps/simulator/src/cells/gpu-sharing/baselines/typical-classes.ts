import type { TaskClass } from '@millrace/scheduling/policy';
import type { SharingWorkload } from '../sharing-workload.js';

/** A class that FGD counts with; popularities sum to 1. */
export interface TypicalClass {
  readonly taskClass: TaskClass;
  readonly popularity: number;
}

const COVERED_SHARE = 0.95;

/**
 * The most popular classes of the whole pod list that together make up 95 % of it, as the published simulator has it:
 * memory does not tell classes apart; more CPU, GPU share, GPUs come first among equally popular ones.
 */
export function typicalClasses(workload: SharingWorkload): readonly TypicalClass[] {
  const counts = new Map<string, { readonly taskClass: TaskClass; count: number }>();
  for (const index of workload.classOfPod) {
    const taskClass = workload.classes[index];
    if (taskClass === undefined) continue;
    const { cpuMilli, gpus, gpuMilli, kinds } = taskClass;
    const key = [cpuMilli, gpus, gpuMilli, kinds?.join('') ?? ''].join();
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { taskClass, count: 1 });
    else known.count += 1;
  }
  const byCount = [...counts.values()].sort((a, b) => b.count - a.count || byNeed(b.taskClass, a.taskClass));
  const total = workload.classOfPod.length;
  const typical: typeof byCount = [];
  let covered = 0;
  for (const one of byCount) {
    if (covered >= COVERED_SHARE * total) break;
    typical.push(one);
    covered += one.count;
  }
  return typical.map(({ taskClass, count }) => ({ taskClass, popularity: count / total / (covered / total) }));
}

function byNeed(a: TaskClass, b: TaskClass): number {
  return a.cpuMilli - b.cpuMilli || a.gpuMilli - b.gpuMilli || a.gpus - b.gpus;
}
