import type { NanoDollars } from '@millrace/kernel';
import { bearerOf, finalClosure, type Closure, type Outcome } from './attribution-rules.js';
import { closureOf, type Evaluation } from './evaluate-segment.js';
import { account } from './ledger.js';
import type { Segment } from './segment.js';

/** A segment with what became of it. */
export interface EvaluatedSegment {
  readonly segment: Segment;
  readonly evaluation: Evaluation;
}

export interface AttemptCharge {
  readonly attempt: number;
  readonly epoch: number;
  readonly outcome: Outcome;
  /** GPU time of the attempt, whoever bears it. */
  readonly gpuMs: number;
  /** What the tenant bears of it. */
  readonly cost: NanoDollars;
  /** GPU time that the tenant bears. */
  readonly billedGpuMs: number;
  /** Account that bears the attempt's work. */
  readonly account: string;
}

/** The bill of a task. Made once, when nothing that the tenant bears can still arrive. */
export interface Charge {
  readonly taskId: string;
  readonly tenantId: string;
  readonly sequence: number;
  readonly cost: NanoDollars;
  readonly gpuMs: number;
  readonly billedGpuMs: number;
  /** The price of the last rated stretch. */
  readonly pricePerGpuHour: NanoDollars;
  readonly byAttempt: readonly AttemptCharge[];
}

/**
 * The charge of a task, or undefined while it is not due: the final closure and those of all earlier attempts are
 * there, and each attempt that named its number of segments has them all, rated or set aside. What arrives later is
 * work of attempts that no tenant bears.
 */
export function chargeTask(closures: readonly Closure[], evaluated: readonly EvaluatedSegment[]): Charge | undefined {
  const final = finalClosure(closures);
  if (final === undefined) return undefined;
  const attempts = [...closures].sort((a, b) => a.attempt - b.attempt || a.epoch - b.epoch);
  const counted = attempts.map((closure) => ({ closure, segments: segmentsOf(closure, attempts, evaluated) }));
  if (!counted.every(({ closure, segments }) => isComplete(closure, segments))) return undefined;
  const byAttempt = counted.map(({ closure, segments }) => chargeAttempt(closure, segments));
  return {
    taskId: final.taskId,
    tenantId: final.tenantId,
    sequence: final.sequence,
    cost: byAttempt.reduce((sum, { cost }) => sum + cost, 0n),
    gpuMs: byAttempt.reduce((sum, { gpuMs }) => sum + gpuMs, 0),
    billedGpuMs: byAttempt.reduce((sum, { billedGpuMs }) => sum + billedGpuMs, 0),
    pricePerGpuHour: lastPrice(counted.map(({ segments }) => segments)),
    byAttempt,
  };
}

function segmentsOf(
  closure: Closure,
  closures: readonly Closure[],
  evaluated: readonly EvaluatedSegment[],
): readonly EvaluatedSegment[] {
  return evaluated
    .filter(({ segment }) => segment.work !== undefined && closureOf(segment, segment.work, closures) === closure)
    .sort((a, b) => a.segment.startMs - b.segment.startMs || a.segment.seq - b.segment.seq);
}

function isComplete({ segmentCount }: Closure, segments: readonly EvaluatedSegment[]): boolean {
  if (segmentCount === undefined) return true;
  return segments.length === segmentCount && segments.every(({ evaluation }) => evaluation.state !== 'unrated');
}

function chargeAttempt(closure: Closure, segments: readonly EvaluatedSegment[]): AttemptCharge {
  const tenantAccount = account.tenant(closure.tenantId, closure.costCentre);
  const borne = segments.flatMap(({ evaluation }) =>
    evaluation.settle.filter((line) => line.account === tenantAccount),
  );
  const bearer = bearerOf(closure);
  return {
    attempt: closure.attempt,
    epoch: closure.epoch,
    outcome: closure.outcome,
    gpuMs: segments.flatMap(({ evaluation }) => evaluation.stretches).reduce((sum, { gpuMs }) => sum + gpuMs, 0),
    cost: borne.reduce((sum, { amount }) => sum + amount, 0n),
    billedGpuMs: borne.reduce((sum, { gpuMs }) => sum + gpuMs, 0),
    account: bearer === 'tenant' ? tenantAccount : bearer,
  };
}

function lastPrice(byAttempt: readonly (readonly EvaluatedSegment[])[]): NanoDollars {
  return (
    byAttempt
      .flat()
      .flatMap(({ evaluation }) => evaluation.stretches)
      .at(-1)?.pricePerGpuHour ?? 0n
  );
}
