import type { NanoDollars } from '@millrace/kernel';
import type { Outcome } from './attribution-rules.js';

/** Balance of an account over the postings of one attempt of a task. */
export interface AttemptBalance {
  readonly attempt: number;
  readonly epoch: number;
  readonly account: string;
  readonly amount: NanoDollars;
  readonly gpuMs: number;
}

/** What the ledger holds of a task, as its tenant may see it. */
export interface TaskCostFacts {
  readonly taskId: string;
  /** Without the provider's side. */
  readonly balances: readonly AttemptBalance[];
  readonly outcomes: readonly { readonly attempt: number; readonly epoch: number; readonly outcome: Outcome }[];
  /** The price of the last rated work; undefined while nothing is rated. */
  readonly pricePerGpuHour: NanoDollars | undefined;
  /** ISO-8601; undefined while the charge is not due. */
  readonly chargedAt: string | undefined;
}

export interface AttemptCost {
  readonly attempt: number;
  readonly epoch: number;
  /** Undefined while the attempt runs. */
  readonly outcome: Outcome | undefined;
  readonly gpuMs: number;
  /** What the tenant bears: 0 for a loss account and while pending. */
  readonly cost: NanoDollars;
  readonly account: string;
}

export interface TaskCost {
  readonly taskId: string;
  readonly cost: NanoDollars;
  readonly gpuMs: number;
  readonly billedGpuMs: number;
  readonly pricePerGpuHour: NanoDollars | undefined;
  readonly chargedAt: string | undefined;
  readonly byAttempt: readonly AttemptCost[];
}

const isTenantAccount = (name: string): boolean => name.startsWith('tenant:');

/** What a task cost so far, attempt by attempt, waste apart (BIL-05). An attempt that was cut has a line per account. */
export function taskCost(facts: TaskCostFacts): TaskCost {
  const byAttempt = facts.balances
    .filter(({ amount, gpuMs }) => amount !== 0n || gpuMs !== 0)
    .map((balance) => attemptCost(balance, facts))
    .sort((a, b) => a.attempt - b.attempt || a.epoch - b.epoch || (a.account < b.account ? -1 : 1));
  return {
    taskId: facts.taskId,
    cost: byAttempt.reduce((sum, { cost }) => sum + cost, 0n),
    gpuMs: byAttempt.reduce((sum, { gpuMs }) => sum + gpuMs, 0),
    billedGpuMs: byAttempt.filter(({ account }) => isTenantAccount(account)).reduce((sum, { gpuMs }) => sum + gpuMs, 0),
    pricePerGpuHour: facts.pricePerGpuHour,
    chargedAt: facts.chargedAt,
    byAttempt,
  };
}

function attemptCost(balance: AttemptBalance, { outcomes }: TaskCostFacts): AttemptCost {
  const { attempt, epoch, account, gpuMs } = balance;
  const closed = outcomes.find((known) => known.attempt === attempt && known.epoch === epoch);
  return {
    attempt,
    epoch,
    outcome: closed?.outcome,
    gpuMs,
    cost: isTenantAccount(account) ? balance.amount : 0n,
    account,
  };
}
