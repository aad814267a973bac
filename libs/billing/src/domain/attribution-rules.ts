import { assertNever } from '@millrace/kernel';

/** Version of the attribution rules of guarantees.md section 2. Part of every posting id. */
export const RULE_VERSION = 1;

export const OUTCOMES = ['succeeded', 'failed', 'preempted', 'lost', 'cancelled'] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type Fault = 'user' | 'platform';

/** Who bears the cost of an attempt's work. */
export type Bearer = 'tenant' | 'loss:preemption' | 'loss:platform';

/** How an attempt ended, as the scheduler says. Identity: (task, attempt, epoch). */
export interface Closure {
  readonly taskId: string;
  readonly tenantId: string;
  readonly costCentre: string;
  readonly attempt: number;
  readonly epoch: number;
  readonly instanceId: string;
  readonly outcome: Outcome;
  readonly fault: Fault;
  /** On the instance clock. Work after it is nobody's but the platform's. */
  readonly closedAtMs: number;
  /** How many segments the attempt has; undefined when its worker was lost. */
  readonly segmentCount: number | undefined;
  /** The last attempt of its task. */
  readonly final: boolean;
  /** Of the lifecycle event of the same change. */
  readonly sequence: number;
}

/** What an operator may choose. */
export interface AttributionPolicy {
  /** Rule 5: who bears loading a model for a task whose work the tenant bears. */
  readonly loadBearer: 'tenant' | 'platform';
}

export const DEFAULT_POLICY: AttributionPolicy = { loadBearer: 'tenant' };

/** Rules 7, 8 and 9 as a table: who bears an attempt that ended so. */
export const BEARERS: Readonly<Record<Outcome, Readonly<Record<Fault, Bearer>>>> = {
  succeeded: { user: 'tenant', platform: 'tenant' },
  cancelled: { user: 'tenant', platform: 'tenant' },
  failed: { user: 'tenant', platform: 'loss:platform' },
  preempted: { user: 'loss:preemption', platform: 'loss:preemption' },
  lost: { user: 'loss:platform', platform: 'loss:platform' },
};

/**
 * Who bears a closed attempt's work. A tenant bears only attempts whose segments were counted: without a count
 * nobody can say when all usage has arrived, so a later segment could change a bill that was sent (P13, rule 9).
 */
export function bearerOf({ outcome, fault, segmentCount }: Closure): Bearer {
  const bearer = BEARERS[outcome][fault];
  return bearer === 'tenant' && segmentCount === undefined ? 'loss:platform' : bearer;
}

/** The bearer of a segment of that attempt, by its kind (rule 5). */
export function bearerOfKind(bearer: Bearer, kind: 'run' | 'load', policy: AttributionPolicy): Bearer {
  switch (kind) {
    case 'run':
      return bearer;
    case 'load':
      return bearer === 'tenant' && policy.loadBearer === 'platform' ? 'loss:platform' : bearer;
    default:
      return assertNever(kind, 'kind of work');
  }
}

/**
 * The last attempt's closure, once each attempt up to it was closed: no more closures will come. Attempts of a task
 * are numbered from 1 without gaps.
 */
export function finalClosure(closures: readonly Closure[]): Closure | undefined {
  const final = closures
    .filter((closure) => closure.final)
    .sort((a, b) => b.attempt - a.attempt || b.epoch - a.epoch)[0];
  if (final === undefined) return undefined;
  const closed = new Set(closures.map(({ attempt }) => attempt));
  for (let attempt = 1; attempt < final.attempt; attempt++) if (!closed.has(attempt)) return undefined;
  return final;
}
