import { formatResolution, type TaskAnswer, type TaskStatusAnswer } from '@millrace/contracts';
import { isSettled, type LiveProgress, type QueuePlace, type WaitingReason } from '@millrace/intake';
import type { Artifact, Attempt, Charge, TaskView } from '@millrace/intake/ports';
import { formatDollars, toIso, type Instant } from '@millrace/kernel';
import { traceIdOf } from '@millrace/messaging/ports';
import { linksOf } from './links.js';

/** A task's view with what is known only now: how far it is, why it waits, and fresh URLs. */
export interface TaskFacts {
  readonly view: TaskView;
  readonly progress: LiveProgress | undefined;
  readonly waitingReason: WaitingReason | undefined;
  readonly queuePlace: QueuePlace | undefined;
  readonly resultUrl: string | null;
  readonly thumbnailUrl: string | null;
  readonly now: Instant;
}

/** `<task>.mp4`: what a download is called. */
export function taskArtifactName(artifact: Artifact): string {
  return artifact.key.split('/').at(-1) ?? artifact.id;
}

/** The main result of a task: its video, else its first file. */
export function resultOf(view: TaskView): Artifact | undefined {
  if (view.erasedAt !== null) return undefined;
  const artifacts = view.end?.artifacts ?? [];
  return (
    artifacts.find((artifact) => artifact.kind === 'video') ?? artifacts.find((artifact) => artifact.kind === 'file')
  );
}

export function thumbnailOf(view: TaskView): Artifact | undefined {
  return view.erasedAt !== null ? undefined : view.end?.artifacts.find((artifact) => artifact.kind === 'thumbnail');
}

/** The live progress that belongs to the attempt in the view; an older epoch's says nothing. */
export function currentProgress({ view, progress }: Pick<TaskFacts, 'view' | 'progress'>): LiveProgress | undefined {
  const epoch = view.attempts.at(-1)?.epoch ?? 0;
  return view.state === 'processing' && progress !== undefined && progress.epoch >= epoch ? progress : undefined;
}

export function toStatusAnswer(facts: TaskFacts): TaskStatusAnswer {
  const { view } = facts;
  const { request, end } = view;
  const traceId = traceIdOf(request.traceparent ?? undefined);
  return {
    task_id: request.id,
    status: view.state,
    progress: percentOf(facts),
    result_url: facts.resultUrl,
    error: end?.failure?.message ?? null,
    created_at: toIso(request.requestedAt),
    updated_at: toIso(view.updatedAt),
    ...estimatedCompletion(facts),
    ...(view.state === 'completed' ? completedFields(facts) : {}),
    ...(end?.engine == null ? {} : { engine: end.engine }),
    ...(traceId === undefined ? {} : { trace_id: traceId }),
    links: { ...linksOf(request.id) },
  };
}

function percentOf(facts: TaskFacts): number {
  if (facts.view.state === 'completed') return 100;
  return Math.round((currentProgress(facts)?.percent ?? 0) * 10) / 10;
}

function estimatedCompletion(facts: TaskFacts): Pick<TaskStatusAnswer, 'estimated_completion'> {
  if (facts.view.state !== 'processing') return {};
  return { estimated_completion: toIso(facts.now + remainingMs(facts)) };
}

/** What is left of a running task: as the worker says, else what is left of the first estimate. */
export function remainingMs(facts: Pick<TaskFacts, 'view' | 'progress' | 'now'>): number {
  const progress = currentProgress(facts);
  const { request, updatedAt } = facts.view;
  const untilMs =
    progress?.remainingMs === undefined
      ? updatedAt + request.estimatedS * 1000
      : progress.receivedAt + progress.remainingMs;
  return Math.max(0, untilMs - facts.now);
}

function completedFields({ view, thumbnailUrl }: TaskFacts): Partial<TaskStatusAnswer> {
  const { end, request } = view;
  const size = end?.media ?? request.resolution;
  const result = resultOf(view);
  return {
    thumbnail_url: thumbnailUrl,
    ...(end?.media == null ? {} : { duration: end.media.durationS }),
    ...(size === null ? {} : { resolution: formatResolution(size) }),
    ...(result === undefined ? {} : { file_size: result.bytes }),
    ...(end === null ? {} : { processing_time: end.processingMs / 1000 }),
  };
}

export function toTaskAnswer(facts: TaskFacts): TaskAnswer {
  const { view } = facts;
  const { request } = view;
  const progress = currentProgress(facts);
  return {
    ...toStatusAnswer(facts),
    kind: 'generate',
    task_type: request.taskType,
    model: request.model,
    input: toInput(request.input),
    requested_resolution: request.resolution === null ? null : formatResolution(request.resolution),
    parameters: toParameters(request.parameters),
    priority: request.priority,
    metadata: { ...request.metadata },
    callback_url: request.callbackUrl,
    ...(view.request.retriedFrom === undefined ? {} : { retried_from: view.request.retriedFrom }),
    phase: view.phase,
    ...(progress === undefined ? {} : { step: progress.step, total_steps: progress.totalSteps }),
    reason: view.reason,
    failure: view.end?.failure ?? null,
    ...(facts.waitingReason === undefined ? {} : { waiting_reason: toReason(facts.waitingReason) }),
    ...(facts.queuePlace === undefined ? {} : { queue: toQueue(facts.queuePlace) }),
    sequence: view.sequence,
    attempts: view.attempts.map(toAttemptAnswer),
    usage: toUsage(view),
  };
}

function toReason({ code, text, evidence }: WaitingReason): NonNullable<TaskAnswer['waiting_reason']> {
  return { code, text, ...(evidence === undefined ? {} : { evidence: { ...evidence } }) };
}

function toQueue({ position, aheadGpuSeconds, start, finish, basis }: QueuePlace): NonNullable<TaskAnswer['queue']> {
  const eta = ({ p50, p90 }: { readonly p50: Instant; readonly p90: Instant }) => ({
    p50: toIso(p50),
    p90: toIso(p90),
  });
  return {
    position,
    ...(aheadGpuSeconds === undefined ? {} : { ahead_gpu_seconds: Math.round(aheadGpuSeconds * 10) / 10 }),
    ...(start === undefined ? {} : { eta_start: eta(start) }),
    ...(finish === undefined ? {} : { eta_finish: eta(finish) }),
    ...(basis === undefined ? {} : { basis }),
  };
}

export function toAttemptAnswer(attempt: Attempt): TaskAnswer['attempts'][number] {
  return {
    number: attempt.number,
    outcome: attempt.outcome,
    worker: attempt.worker,
    pool: attempt.pool,
    capacity: attempt.capacity,
    started_at: attempt.startedAt,
    ended_at: attempt.endedAt,
    gpu_seconds: attempt.gpuMs / 1000,
    resumed_from_step: attempt.resumedFromStep,
    billable: attempt.billable,
  };
}

function toInput(input: TaskView['request']['input']): TaskAnswer['input'] {
  if (input === null) return null;
  return {
    ...(input.prompt === undefined ? {} : { prompt: input.prompt }),
    ...(input.negativePrompt === undefined ? {} : { negative_prompt: input.negativePrompt }),
    ...(input.imageUrl === undefined ? {} : { image_url: input.imageUrl }),
  };
}

function toParameters(parameters: TaskView['request']['parameters']): Record<string, number> {
  const named = {
    seed: parameters.seed,
    steps: parameters.steps,
    duration_s: parameters.durationS,
    step_delay_ms: parameters.stepDelayMs,
  };
  return Object.fromEntries(Object.entries(named).filter((entry): entry is [string, number] => entry[1] !== undefined));
}

function toUsage(view: TaskView): TaskAnswer['usage'] {
  const { charge, end } = view;
  if (charge !== null) return chargedUsage(charge);
  if (end === null) return null;
  return {
    final: isSettled(view),
    gpu_seconds: end.gpuMs / 1000,
    cost: formatDollars(BigInt(end.provisionalCost)),
    currency: 'USD',
  };
}

function chargedUsage(charge: Charge): TaskAnswer['usage'] {
  return {
    final: true,
    gpu_seconds: charge.gpuMs / 1000,
    billed_gpu_seconds: charge.billedGpuMs / 1000,
    unit_price: formatDollars(BigInt(charge.pricePerGpuHour)),
    cost: formatDollars(BigInt(charge.cost)),
    currency: 'USD',
    by_attempt: charge.byAttempt.map((line) => ({
      attempt: line.attempt,
      outcome: line.outcome,
      gpu_seconds: line.gpuMs / 1000,
      cost: formatDollars(BigInt(line.cost)),
    })),
  };
}
