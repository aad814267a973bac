import type { Instant } from '@millrace/kernel';
import {
  accepts,
  isLive,
  markEnded,
  markStarted,
  type Attempt,
  type AttemptEnd,
  type AttemptOutcome,
} from './attempt.js';
import { failureReason } from './failure-reason.js';
import { isTerminal, liveAttempt, type Task, type TaskRequest } from './task.js';
import type { Leaseholder, ReportFacts, TaskCommand } from './task-command.js';
import { GUARDS, TASK_TRANSITIONS, type TransitionRule } from './task-transitions.js';
import type { Failure, TaskResult } from './task-work.js';

/** What a transition has to tell. Lifecycle events carry the task's next sequence numbers, without a gap. */
export type TaskEvent =
  | { readonly kind: 'queued'; readonly sequence: number; readonly at: Instant }
  | { readonly kind: 'cancelled' | 'expired'; readonly sequence: number; readonly at: Instant }
  | {
      readonly kind: 'scheduled';
      readonly sequence: number;
      readonly at: Instant;
      readonly attempt: Attempt;
      readonly reason: string;
    }
  | { readonly kind: 'started'; readonly sequence: number; readonly at: Instant; readonly attempt: Attempt }
  | {
      readonly kind: 'requeued';
      readonly sequence: number;
      readonly at: Instant;
      readonly attempt: Attempt;
      readonly reason: 'preempted' | 'lost' | 'failed';
    }
  | { readonly kind: 'completed'; readonly sequence: number; readonly at: Instant; readonly result: TaskResult }
  | {
      readonly kind: 'failed';
      readonly sequence: number;
      readonly at: Instant;
      readonly reason: string;
      readonly error: Failure;
    }
  /** To the worker: run this. */
  | { readonly kind: 'assigned'; readonly attempt: Attempt }
  /** To the worker: stop this, its task is to be cancelled. */
  | { readonly kind: 'cancelOrdered'; readonly attempt: Attempt }
  /**
   * To billing: this attempt is over. `sequence` is the lifecycle event's of the same change. A task that ends while
   * it waits has its last attempt closed once more, as the final one: only then is it charged.
   */
  | {
      readonly kind: 'attemptClosed';
      readonly attempt: Attempt;
      readonly final: boolean;
      readonly sequence: number;
    };

export interface Transition {
  readonly next: Task;
  readonly events: readonly TaskEvent[];
  /** False: no rule matched, or the attempt does not accept it; `next` is the task unchanged. */
  readonly applied: boolean;
}

const DEAD_LETTERED: Failure = {
  code: 'dead_lettered',
  message: 'Three workers, or GPUs of theirs, were lost while they ran this task. Send it again, or ask the operator.',
  retryable: true,
};

/** A new task in its lane, sequence 1. */
export function enqueue(request: TaskRequest, now: Instant): Transition {
  const next: Task = {
    ...request,
    state: 'queued',
    phase: null,
    sequence: 1,
    epoch: 0,
    failureRetries: 0,
    lostDeliveries: 0,
    cancelRequested: false,
    checkpoint: null,
    attempts: [],
    startedAt: null,
    endedAt: null,
    reason: null,
    error: null,
  };
  return { next, events: [{ kind: 'queued', sequence: 1, at: now }], applied: true };
}

/** Applies a command by the table of task-transitions.ts. Pure: the caller passes `now`. */
export function transition(task: Task, command: Exclude<TaskCommand, { kind: 'requested' }>, now: Instant): Transition {
  const rule = ruleFor(task, command);
  if (rule === undefined || !attemptAccepts(task, command, rule)) return { next: task, events: [], applied: false };
  const next = nextTask(task, command, rule, now);
  return { next, events: eventsOf(task, next, command, rule, now), applied: true };
}

/** The first rule of the table for this state and command whose guard holds. */
export function ruleFor(task: Task, command: TaskCommand): TransitionRule | undefined {
  return TASK_TRANSITIONS.find(
    (rule) =>
      rule.from === task.state &&
      rule.on === command.kind &&
      (rule.when === undefined || GUARDS[rule.when](task, command)),
  );
}

function attemptAccepts(task: Task, command: TaskCommand, rule: TransitionRule): boolean {
  const live = liveAttempt(task);
  if (command.kind === 'cancelRequested') return !task.cancelRequested;
  if (command.kind === 'started') return live !== undefined && accepts(live, 'started');
  if (command.kind === 'checkpointed') return live !== undefined && isLive(live);
  return rule.attempt === undefined || (live !== undefined && accepts(live, rule.attempt));
}

function nextTask(task: Task, command: TaskCommand, rule: TransitionRule, now: Instant): Task {
  const attempts = nextAttempts(task, command, rule, now);
  const ended = rule.to !== 'queued' && rule.to !== 'processing';
  const failed = failureOf(task, command, rule);
  return {
    ...task,
    state: rule.to,
    phase: rule.to === 'processing' ? (rule.phase ?? task.phase) : null,
    sequence: task.sequence + (rule.emits === undefined ? 0 : 1),
    epoch: attempts.at(-1)?.epoch ?? task.epoch,
    failureRetries: task.failureRetries + (rule.counts === 'failureRetry' ? 1 : 0),
    lostDeliveries: task.lostDeliveries + (rule.counts === 'lostDelivery' && isCounted(command) ? 1 : 0),
    cancelRequested: task.cancelRequested || command.kind === 'cancelRequested',
    checkpoint: reportOf(command)?.checkpoint ?? task.checkpoint,
    attempts,
    startedAt: task.startedAt ?? (command.kind === 'started' ? now : null),
    endedAt: ended ? now : null,
    reason: rule.to === 'failed' && failed !== null ? failureReason(failed.code) : task.reason,
    error: failed,
  };
}

function isCounted(command: TaskCommand): boolean {
  return command.kind === 'lost' && command.counted;
}

/** The error a failed task ends with; of an earlier attempt, nothing is kept once the task goes on. */
function failureOf(task: Task, command: TaskCommand, rule: TransitionRule): Failure | null {
  if (rule.to !== 'failed') return task.error;
  if (command.kind === 'failed') return command.error;
  return DEAD_LETTERED;
}

function nextAttempts(task: Task, command: TaskCommand, rule: TransitionRule, now: Instant): readonly Attempt[] {
  if (command.kind === 'leased') return [...task.attempts, newAttempt(task, command.holder, now)];
  const live = liveAttempt(task);
  if (live === undefined) return task.attempts;
  const report = reportOf(command);
  const reported = report === undefined ? live : withReport(live, report);
  if (command.kind === 'started') return replaceLast(task.attempts, markStarted(reported, now));
  if (rule.attempt === undefined) return replaceLast(task.attempts, reported);
  return replaceLast(task.attempts, markEnded(reported, endOf(rule.attempt, command), now));
}

function newAttempt(task: Task, holder: Leaseholder, now: Instant): Attempt {
  return {
    ...holder,
    number: task.attempts.length + 1,
    epoch: task.epoch + 1,
    state: 'leased',
    leasedAt: now,
    startedAt: null,
    endedAt: null,
    gpuMs: 0,
    resumedFromStep: 0,
    billable: true,
    lastReport: 0,
    closedAtMs: 0,
    segmentCount: null,
  };
}

function endOf(outcome: AttemptOutcome, command: TaskCommand): AttemptEnd {
  const report = reportOf(command);
  return {
    outcome,
    billable: isBillable(outcome, command),
    closedAtMs: command.kind === 'lost' ? command.closedAtMs : (report?.atMs ?? 0),
    segmentCount: report?.segmentCount ?? null,
  };
}

/** GPU time never goes back: a late report of the same lease can only add. */
function withReport(attempt: Attempt, report: ReportFacts): Attempt {
  return {
    ...attempt,
    gpuMs: Math.max(attempt.gpuMs, report.gpuMs),
    resumedFromStep: report.resumedFromStep ?? attempt.resumedFromStep,
    lastReport: Math.max(attempt.lastReport, report.number),
  };
}

/** Success and cancellation are charged, and a failure that no retry would mend; ours and preemption are not. */
function isBillable(outcome: AttemptOutcome, command: TaskCommand): boolean {
  if (outcome === 'succeeded' || outcome === 'cancelled') return true;
  return command.kind === 'failed' && !command.error.retryable;
}

function eventsOf(
  before: Task,
  next: Task,
  command: TaskCommand,
  rule: TransitionRule,
  now: Instant,
): readonly TaskEvent[] {
  const events: TaskEvent[] = [];
  const attempt = next.attempts.at(-1);
  if (rule.emits !== undefined) events.push(lifecycleEvent(next, command, rule, now));
  if (command.kind === 'leased' && attempt !== undefined) events.push({ kind: 'assigned', attempt });
  const live = liveAttempt(before);
  if (command.kind === 'cancelRequested' && live !== undefined) events.push({ kind: 'cancelOrdered', attempt: live });
  const closes = rule.attempt !== undefined || isTerminal(next);
  if (closes && attempt !== undefined) {
    events.push({ kind: 'attemptClosed', attempt, final: isTerminal(next), sequence: next.sequence });
  }
  return events;
}

function lifecycleEvent(next: Task, command: TaskCommand, rule: TransitionRule, now: Instant): TaskEvent {
  const at = { sequence: next.sequence, at: now };
  const attempt = next.attempts.at(-1);
  switch (rule.emits) {
    case 'scheduled':
      return {
        kind: 'scheduled',
        ...at,
        attempt: required(attempt),
        reason: command.kind === 'leased' ? command.reason : '',
      };
    case 'started':
      return { kind: 'started', ...at, attempt: required(attempt) };
    case 'requeued':
      return { kind: 'requeued', ...at, attempt: required(attempt), reason: rule.requeuedAs ?? 'preempted' };
    case 'completed':
      return { kind: 'completed', ...at, result: resultOf(command) };
    case 'failed':
      return { kind: 'failed', ...at, reason: next.reason ?? 'crash', error: next.error ?? DEAD_LETTERED };
    case 'cancelled':
    case 'expired':
      return { kind: rule.emits, ...at };
    default:
      return { kind: 'queued', ...at };
  }
}

function reportOf(command: TaskCommand): ReportFacts | undefined {
  return 'report' in command ? command.report : undefined;
}

function resultOf(command: TaskCommand): TaskResult {
  return command.kind === 'succeeded' ? command.result : { artifacts: [], media: null, engine: '' };
}

function replaceLast(attempts: readonly Attempt[], last: Attempt): readonly Attempt[] {
  return [...attempts.slice(0, -1), last];
}

function required(attempt: Attempt | undefined): Attempt {
  if (attempt === undefined) throw new Error('invariant broken: a processing task has an attempt');
  return attempt;
}
