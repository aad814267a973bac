import { AppError } from '@millrace/kernel';
import type { DeclaredMachines, MachineFacts } from './queue-outlook.js';

/** Machines named in a refusal. */
const NAMED_MAX = 5;

interface Needing {
  readonly taskType: string;
  readonly needs: { readonly gpus: number; readonly vramMiB: number };
}

/**
 * Refuses a task that no declared machine could ever run, with what would fit, instead of letting it wait for ever. With
 * nothing declared nothing is refused. Error: `no_fitting_machine`.
 */
export function checkFits({ taskType, needs }: Needing, { machines, unfit }: DeclaredMachines): void {
  if (machines.length === 0) return;
  const serving = machines.filter(({ taskTypes }) => taskTypes.includes(taskType));
  if (serving.some((machine) => machine.gpus >= needs.gpus && machine.vramMiB >= needs.vramMiB)) return;
  const wanted = `${needs.gpus} GPU with ${needs.vramMiB} MiB each`;
  throw new AppError({
    kind: 'validation',
    code: 'no_fitting_machine',
    message:
      serving.length === 0
        ? `${unfit.get(taskType) ?? `No pool here runs ${taskType}.`} Pools run ${listOf(machines.flatMap(({ taskTypes }) => taskTypes))}.`
        : `${taskType} of this size needs ${wanted}, and no machine has that. There are ${serving.slice(0, NAMED_MAX).map(describe).join('; ')}.`,
    errors: [
      {
        pointer: serving.length === 0 ? '/task_type' : '/resolution',
        message: serving.length === 0 ? 'send a task type that a pool runs' : 'send a smaller resolution',
      },
    ],
  });
}

function describe({ pool, gpus, vramMiB }: MachineFacts): string {
  return `${gpus} GPU with ${vramMiB} MiB each in pool ${pool}`;
}

function listOf(names: readonly string[]): string {
  return [...new Set(names)].toSorted().join(', ');
}
