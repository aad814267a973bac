import { messageOf, type Clock, type Logger } from '@millrace/kernel';
import { isCheckpointDue } from '../domain/checkpoint-schedule.js';
import { onProgress, startProgress, type ProgressState } from '../domain/progress.js';
import type { AttemptCheckpoints } from './attempt-checkpoints.js';
import type { SlotMeter } from './meter.js';
import type { InstanceClock } from './instance-clock.js';
import type { LiveAttempt } from './live-attempt.js';
import type { EngineStep } from './ports/inference-engine.port.js';
import type { WorkerObserver } from './ports/worker-observer.port.js';
import type { Progress, ProgressChannel } from './progress-channel.js';

/** Step events on the attempt's span (guarantees.md section 5). */
const SPAN_EVENT_MIN_INTERVAL_MS = 5_000;
/** A larger preview is left out: the bus is no place for pictures of size. */
const PREVIEW_MAX_BYTES = 64 * 1024;

export interface AttemptStepsOptions {
  readonly attempt: LiveAttempt;
  readonly meter: SlotMeter;
  readonly checkpoints: AttemptCheckpoints;
  readonly progress: ProgressChannel;
  readonly clock: Clock;
  readonly instanceClock: InstanceClock;
  readonly logger: Logger;
  readonly observer: WorkerObserver;
  readonly resumedFromStep: number;
}

/**
 * What happens after each step of one attempt: it is told, now and then stored, and an interruption takes effect.
 * A checkpoint is uploaded while the next steps run; one at a time.
 */
export class AttemptSteps {
  private progress: ProgressState;
  private storing: Promise<void> | undefined;
  private checkpointStep: number;
  private checkpointAtMs: number;
  private spanEventAtMs: number | undefined;
  private stepAtMs: number;
  private reached: { readonly step: number; readonly totalSteps: number };

  constructor(private readonly options: AttemptStepsOptions) {
    const nowMs = options.clock.monotonicMs();
    this.progress = startProgress(nowMs);
    this.checkpointStep = options.resumedFromStep;
    this.checkpointAtMs = nowMs;
    this.stepAtMs = nowMs;
    this.reached = { step: options.resumedFromStep, totalSteps: 0 };
  }

  /** The newest step that was done. */
  get step(): number {
    return this.reached.step;
  }

  async onStep(step: EngineStep): Promise<void> {
    const { attempt, clock } = this.options;
    const nowMs = clock.monotonicMs();
    this.options.observer.stepDone(step.stage, nowMs - this.stepAtMs);
    this.reached = step;
    attempt.interruption.signal.throwIfAborted();
    this.addSpanEvent(step, nowMs);
    await this.tell(step, nowMs);
    if (attempt.interruption.requested !== undefined && step.step < step.totalSteps) await this.stopHere(step);
    if (this.isDue(step, nowMs)) await this.storeBeside(step, nowMs);
    this.stepAtMs = clock.monotonicMs();
  }

  /** The results are being stored. */
  tellUploading(percent: 99 | 100): void {
    const { totalSteps } = this.reached;
    this.send({ step: this.step, totalSteps: Math.max(1, totalSteps), stage: 'uploading', percent, remainingMs: 0 });
  }

  /** Waits for the upload that may still run. */
  async settle(): Promise<void> {
    await this.storing;
  }

  private isDue(step: EngineStep, nowMs: number): boolean {
    const { step: done, totalSteps, stage } = step;
    const sinceLastMs = nowMs - this.checkpointAtMs;
    return isCheckpointDue({ step: done, totalSteps, stage, lastStep: this.checkpointStep, sinceLastMs });
  }

  /** Takes the state now and uploads it while the engine goes on. */
  private async storeBeside(step: EngineStep, nowMs: number): Promise<void> {
    await this.storing;
    this.checkpointStep = step.step;
    this.checkpointAtMs = nowMs;
    const checkpoint = await step.checkpoint();
    this.storing = this.store(step, checkpoint);
  }

  /** The last thing of an interrupted attempt: its state, unless that is stored already. Not after the last step. */
  private async stopHere(step: EngineStep): Promise<void> {
    await this.storing;
    if (this.options.checkpoints.latest()?.step !== step.step) await this.store(step, await step.checkpoint());
    this.options.attempt.interruption.takeEffect();
    this.options.attempt.interruption.signal.throwIfAborted();
  }

  /** Never rejects: a checkpoint that could not be stored costs time after a loss, not the attempt. */
  private async store(step: EngineStep, checkpoint: Awaited<ReturnType<EngineStep['checkpoint']>>): Promise<void> {
    const { checkpoints, attempt, meter, instanceClock, logger } = this.options;
    try {
      const reference = await checkpoints.store(checkpoint);
      if (attempt.interruption.signal.aborted) return;
      attempt.reporter.report({
        kind: 'checkpointed',
        at: instanceClock.nowMs(),
        step: checkpoint.step,
        totalSteps: step.totalSteps,
        checkpoint: reference,
        gpuMs: meter.gpuMs(),
      });
    } catch (error) {
      logger.warn('checkpoint not stored', { attempt: attempt.key, step: checkpoint.step, error: messageOf(error) });
    }
  }

  private async tell(step: EngineStep, nowMs: number): Promise<void> {
    const { step: done, totalSteps, stage } = step;
    const decision = onProgress(this.progress, { step: done, totalSteps, nowMs });
    this.progress = decision.next;
    if (!decision.tell) return;
    const preview = decision.preview ? await this.previewOf(step) : undefined;
    const { percent, remainingMs } = decision;
    this.send({
      step: done,
      totalSteps: Math.max(1, totalSteps),
      stage,
      percent,
      ...(remainingMs === undefined ? {} : { remainingMs }),
      ...(preview === undefined ? {} : { preview }),
    });
  }

  private send(fields: Omit<Progress, 'taskId' | 'tenantId' | 'attempt' | 'epoch'>): void {
    const { taskId, tenantId, attempt, epoch } = this.options.attempt.assignment;
    this.options.progress.tell({ taskId, tenantId, attempt, epoch, ...fields }, this.options.attempt.span.traceparent);
  }

  private async previewOf(step: EngineStep): Promise<Progress['preview']> {
    try {
      const preview = await step.preview();
      if (preview === undefined || preview.bytes.length > PREVIEW_MAX_BYTES) return undefined;
      return { mediaType: preview.mediaType, base64: Buffer.from(preview.bytes).toString('base64') };
    } catch (error) {
      this.options.logger.debug('no preview', { error: messageOf(error) });
      return undefined;
    }
  }

  private addSpanEvent(step: EngineStep, nowMs: number): void {
    if (this.spanEventAtMs !== undefined && nowMs - this.spanEventAtMs < SPAN_EVENT_MIN_INTERVAL_MS) return;
    this.spanEventAtMs = nowMs;
    const attributes = { 'millrace.step': step.step, 'millrace.total_steps': step.totalSteps };
    this.options.attempt.span.addEvent(`step.${step.stage}`, attributes);
  }
}
