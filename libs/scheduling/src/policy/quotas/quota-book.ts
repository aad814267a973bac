import type { PendingTask, QuotaView } from '../snapshot.js';
import type { WaitingCode } from '../waiting-reasons.js';

/** What a task counts for against a quota (SCH-39). */
export interface QuotaCharge {
  readonly gpuMilli: number;
  readonly cpuMilli: number;
  readonly ramMiB: number;
  readonly tasks: number;
}

const MILLI = 1000;
const DIMENSIONS = 4;
const TASKS = 3;

/** A part of a GPU counts as that part, several GPUs as so many. */
export function chargeOf({ needs, demands }: Pick<PendingTask, 'needs' | 'demands'>): QuotaCharge {
  const gpuMilli = needs.gpus === 1 ? (demands?.gpuMilli ?? MILLI) : needs.gpus * MILLI;
  return { gpuMilli, cpuMilli: demands?.cpuMilli ?? 0, ramMiB: demands?.ramMiB ?? 0, tasks: 1 };
}

/** What they count for together. */
export function sumOf(charges: readonly QuotaCharge[]): QuotaCharge {
  return charges.reduce((sum, next) => ({
    gpuMilli: sum.gpuMilli + next.gpuMilli,
    cpuMilli: sum.cpuMilli + next.cpuMilli,
    ramMiB: sum.ramMiB + next.ramMiB,
    tasks: sum.tasks + next.tasks,
  }));
}

/**
 * What is left of each quota: GPU thousandths, CPU, memory, tasks at once. An account is a tenant or a namespace; a task
 * counts against both of its own. Accounts without a quota are not written down.
 */
export class QuotaBook {
  private readonly accounts = new Map<string, number>();
  /** Four numbers an account; Infinity where there is no limit. */
  private readonly left: Float64Array;
  private readonly limits: Float64Array;
  /** Closed to everybody else for a task past its maximum wait, so that smaller ones do not pass it forever. */
  private readonly closed: Uint8Array;

  constructor(quotas: readonly QuotaView[]) {
    this.left = new Float64Array(quotas.length * DIMENSIONS);
    this.limits = new Float64Array(quotas.length * DIMENSIONS);
    this.closed = new Uint8Array(quotas.length);
    quotas.forEach((quota, at) => {
      this.accounts.set(accountKey(quota.scope, quota.name), at);
      const { gpus = Infinity, cpuMilli = Infinity, ramMiB = Infinity, tasks = Infinity } = quota;
      const limits = [gpus * MILLI, cpuMilli, ramMiB, tasks];
      const used = [quota.usedGpuMilli, quota.usedCpuMilli, quota.usedRamMiB, quota.usedTasks];
      this.limits.set(limits, at * DIMENSIONS);
      this.left.set(
        limits.map((limit, dimension) => limit - (used[dimension] ?? 0)),
        at * DIMENSIONS,
      );
    });
  }

  /** The account's number, -1 without a quota. */
  accountOf(scope: QuotaView['scope'], name: string | undefined): number {
    return name === undefined || this.accounts.size === 0 ? -1 : (this.accounts.get(accountKey(scope, name)) ?? -1);
  }

  /** Why this may not start now, or null. */
  refusal(account: number, charge: QuotaCharge): WaitingCode | null {
    if (account < 0) return null;
    const at = account * DIMENSIONS;
    if (this.closed[account] === 1) return 'tenant_quota';
    if (charge.tasks > (this.left[at + TASKS] ?? 0)) return 'tenant_concurrency';
    const fits =
      charge.gpuMilli <= (this.left[at] ?? 0) &&
      charge.cpuMilli <= (this.left[at + 1] ?? 0) &&
      charge.ramMiB <= (this.left[at + 2] ?? 0);
    return fits ? null : 'tenant_quota';
  }

  /** Whether this could start if nothing else of the account ran. */
  everFits(account: number, charge: QuotaCharge): boolean {
    if (account < 0) return true;
    const at = account * DIMENSIONS;
    return (
      charge.gpuMilli <= (this.limits[at] ?? 0) &&
      charge.cpuMilli <= (this.limits[at + 1] ?? 0) &&
      charge.ramMiB <= (this.limits[at + 2] ?? 0) &&
      charge.tasks <= (this.limits[at + TASKS] ?? 0)
    );
  }

  /** It started. */
  take(account: number, charge: QuotaCharge): void {
    this.add(account, charge, -1);
  }

  /** It ended. */
  giveBack(account: number, charge: QuotaCharge): void {
    this.add(account, charge, 1);
  }

  /** Until the next cycle the account serves nobody. */
  close(account: number): void {
    if (account >= 0) this.closed[account] = 1;
  }

  reopen(): void {
    this.closed.fill(0);
  }

  private add(account: number, charge: QuotaCharge, sign: number): void {
    if (account < 0) return;
    const { left } = this;
    const at = account * DIMENSIONS;
    left[at] = (left[at] ?? 0) + sign * charge.gpuMilli;
    left[at + 1] = (left[at + 1] ?? 0) + sign * charge.cpuMilli;
    left[at + 2] = (left[at + 2] ?? 0) + sign * charge.ramMiB;
    left[at + TASKS] = (left[at + TASKS] ?? 0) + sign * charge.tasks;
  }
}

function accountKey(scope: QuotaView['scope'], name: string): string {
  return `${scope}/${name}`;
}
