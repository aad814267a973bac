import type { CostAnswer } from '@millrace/contracts';
import { isSettled } from '@millrace/intake';
import type { TaskView } from '@millrace/intake/ports';
import { formatDollars } from '@millrace/kernel';

/**
 * The costs of a task that billing has heard nothing of: none so far. Final where the task ended without an attempt;
 * nothing is charged then, so there is no time of a charge.
 */
export function unheardCosts(view: TaskView): CostAnswer {
  return {
    task_id: view.request.id,
    state: isSettled(view) ? 'charged' : 'pending',
    currency: 'USD',
    cost: formatDollars(0n),
    gpu_seconds: 0,
    billed_gpu_seconds: 0,
    unit_price: null,
    charged_at: null,
    by_attempt: [],
  };
}
