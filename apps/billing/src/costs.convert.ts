import type { TaskCost } from '@millrace/billing';
import type { CostAnswer } from '@millrace/contracts';
import { formatDollars } from '@millrace/kernel';

const MS_PER_SECOND = 1_000;

export function costToHttp(cost: TaskCost): CostAnswer {
  return {
    task_id: cost.taskId,
    state: cost.chargedAt === undefined ? 'pending' : 'charged',
    currency: 'USD',
    cost: formatDollars(cost.cost),
    gpu_seconds: cost.gpuMs / MS_PER_SECOND,
    billed_gpu_seconds: cost.billedGpuMs / MS_PER_SECOND,
    unit_price: cost.pricePerGpuHour === undefined ? null : formatDollars(cost.pricePerGpuHour),
    charged_at: cost.chargedAt ?? null,
    by_attempt: cost.byAttempt.map(({ attempt, epoch, outcome, gpuMs, cost: borne, account }) => ({
      attempt,
      epoch,
      outcome: outcome ?? null,
      gpu_seconds: gpuMs / MS_PER_SECOND,
      cost: formatDollars(borne),
      account,
    })),
  };
}
