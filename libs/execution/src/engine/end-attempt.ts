import { messageOf, type Logger } from '@millrace/kernel';
import type { AttemptReport, ReportedArtifact } from './assignment.js';
import type { AttemptCheckpoints } from './attempt-checkpoints.js';
import { TIMED_OUT, failureOf } from './attempt-failure.js';
import type { AttemptSteps } from './attempt-steps.js';
import type { InstanceClock } from './instance-clock.js';
import { AttemptInterrupted, type InterruptKind } from './interruption.js';
import type { AttemptSlot, LiveAttempt } from './live-attempt.js';
import type { EngineOutput } from './ports/inference-engine.port.js';

/** What became known on the way; an attempt that ended early knows less. */
export interface AttemptCourse {
  engine: string;
  totalSteps: number;
  resumedFromStep: number;
  checkpoints?: AttemptCheckpoints;
  steps?: AttemptSteps;
}

export type AttemptResult =
  | { readonly ok: true; readonly artifacts: readonly ReportedArtifact[]; readonly output: EngineOutput }
  | { readonly ok: false; readonly error: unknown };

type Ending = Pick<AttemptReport, 'kind' | 'error' | 'artifacts' | 'media' | 'checkpoint'>;

export interface EndAttemptOptions {
  readonly instanceClock: InstanceClock;
  readonly logger: Logger;
  /** What is to be known before a failure is told; bounded, never rejects. */
  readonly beforeFailure: () => Promise<void>;
}

/**
 * Ends the GPU time and makes the ending report, in that order: the report states the exact GPU time, the number of
 * segments, and as `at` the end of the last one. An abandoned attempt reports nothing. `published` settles when the bus
 * has the report.
 */
export async function endAttempt(
  { attempt, meter }: AttemptSlot,
  course: AttemptCourse,
  result: AttemptResult,
  { instanceClock, logger, beforeFailure }: EndAttemptOptions,
): Promise<{ readonly published: Promise<void> }> {
  const ending = result.ok ? succeed(attempt, result) : endEarly(attempt, course, result.error, logger);
  if (ending === undefined) {
    meter.end();
    return { published: Promise.resolve() };
  }
  const { reporter } = attempt;
  const { totalSteps, resumedFromStep, engine } = course;
  const step = result.ok ? totalSteps : (course.steps?.step ?? resumedFromStep);
  const facts = { step, totalSteps, resumedFromStep, engine };
  if (!reporter.hasReported && ending.kind === 'failed') {
    reporter.report({ kind: 'started', at: instanceClock.nowMs(), ...facts, gpuMs: 0 });
  }
  const { endedAtMs, gpuMs, segmentCount } = meter.end();
  if (ending.kind === 'failed') await beforeFailure();
  const { published } = reporter.report({ ...ending, at: endedAtMs, ...facts, gpuMs, segmentCount });
  return { published };
}

function succeed(attempt: LiveAttempt, { artifacts, output }: AttemptResult & { ok: true }): Ending {
  attempt.move('succeed');
  const { media } = output;
  return { kind: 'succeeded', artifacts: [...artifacts], ...(media === undefined ? {} : { media }) };
}

const COMMANDS = { preempt: 'preempted', cancel: 'cancelled' } as const;

function endEarly(attempt: LiveAttempt, course: AttemptCourse, error: unknown, logger: Logger): Ending | undefined {
  const interrupt = interruptOf(attempt, error);
  const { key, state } = attempt;
  if (interrupt === undefined) {
    attempt.move('fail');
    logger.error('attempt failed', { attempt: key, state, error: messageOf(error) });
    return { kind: 'failed', error: failureOf(error, state) };
  }
  logger.info('attempt interrupted', { attempt: key, state, kind: interrupt.kind, reason: interrupt.reason });
  if (interrupt.kind === 'timeout') {
    attempt.move('fail');
    return { kind: 'failed', error: TIMED_OUT };
  }
  attempt.move(interrupt.kind);
  if (interrupt.kind === 'abandon') return undefined;
  const checkpoint = course.checkpoints?.latest() ?? attempt.assignment.resumeFrom;
  return { kind: COMMANDS[interrupt.kind], ...(checkpoint === undefined ? {} : { checkpoint }) };
}

/** An engine may turn the reason it was stopped with into an error of its own; the switch knows better. */
function interruptOf(
  attempt: LiveAttempt,
  error: unknown,
): { readonly kind: InterruptKind; readonly reason: string } | undefined {
  if (attempt.interruption.signal.aborted) return attempt.interruption.requested;
  return error instanceof AttemptInterrupted ? error : undefined;
}
