import { invariant, type Instant, type NanoDollars } from '@millrace/kernel';

export const ATTEMPT_OUTCOMES = ['succeeded', 'failed', 'preempted', 'lost', 'cancelled'] as const;
/** How an attempt ended. `preempted` is never a state of a task (api.md section 2). */
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** `leased`: given to a worker. `running`: the worker said it started. The rest is final. */
export type AttemptState = 'leased' | 'running' | AttemptOutcome;
export type AttemptCommand = 'started' | AttemptOutcome;

export type CapacityKind = 'spot' | 'on_demand';

/** One delivery of a task to one worker incarnation, fenced by `epoch`. */
export interface Attempt {
  /** From 1 per task. */
  readonly number: number;
  readonly epoch: number;
  readonly workerId: string;
  readonly incarnation: string;
  readonly instanceId: string;
  readonly pool: string;
  readonly capacity: CapacityKind;
  /** In force when the lease was given. */
  readonly pricePerGpuHour: NanoDollars;
  /** Positions among the worker's GPUs; absent where the worker tells of none. */
  readonly devices?: readonly number[];
  /** Thousandths of each of them that it is granted. */
  readonly deviceMilli?: readonly number[];
  readonly state: AttemptState;
  readonly leasedAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  /** GPU time as the worker last reported it, ms. */
  readonly gpuMs: number;
  readonly resumedFromStep: number;
  /** Charged to the tenant: a success, a cancellation, and a failure that is the input's own (guarantees.md section 2). */
  readonly billable: boolean;
  /** Number of the last accepted report; a report with this number or less is a duplicate. */
  readonly lastReport: number;
  /** Where it ended on the instance clock, ms; 0 while it is live. */
  readonly closedAtMs: number;
  /** How many usage segments billing is to wait for; null while it is live, and for a worker that could not tell. */
  readonly segmentCount: number | null;
}

/** How an attempt ended, and what billing has to know of it. */
export interface AttemptEnd extends Pick<Attempt, 'billable' | 'closedAtMs' | 'segmentCount'> {
  readonly outcome: AttemptOutcome;
}

/** The attempt machine. What is not listed is refused; a final state accepts nothing. */
export const ATTEMPT_TRANSITIONS: Readonly<Record<'leased' | 'running', readonly AttemptCommand[]>> = {
  leased: ['started', ...ATTEMPT_OUTCOMES],
  running: ATTEMPT_OUTCOMES,
};

export function isLive(attempt: Attempt): boolean {
  return attempt.state === 'leased' || attempt.state === 'running';
}

export function accepts(attempt: Attempt, command: AttemptCommand): boolean {
  return (
    (attempt.state === 'leased' || attempt.state === 'running') && ATTEMPT_TRANSITIONS[attempt.state].includes(command)
  );
}

/** The outcome of an attempt that ended, or null. */
export function outcomeOf(attempt: Attempt): AttemptOutcome | null {
  return attempt.state === 'leased' || attempt.state === 'running' ? null : attempt.state;
}

export function markStarted(attempt: Attempt, now: Instant): Attempt {
  invariant(accepts(attempt, 'started'), `an attempt that is ${attempt.state} does not start`);
  return { ...attempt, state: 'running', startedAt: now };
}

export function markEnded(attempt: Attempt, { outcome, ...end }: AttemptEnd, now: Instant): Attempt {
  invariant(accepts(attempt, outcome), `an attempt that is ${attempt.state} does not end again`);
  return { ...attempt, ...end, state: outcome, endedAt: now };
}
