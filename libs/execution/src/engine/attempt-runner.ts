import { AppError, messageOf, type Clock, type DurationMs, type Logger } from '@millrace/kernel';
import type { Tracer } from '@millrace/messaging/ports';
import { jobOf, type Assignment, type ReportedArtifact } from './assignment.js';
import { AttemptCheckpoints } from './attempt-checkpoints.js';
import { endAttempt, type AttemptCourse } from './end-attempt.js';
import { AttemptSteps } from './attempt-steps.js';
import type { InstanceClock } from './instance-clock.js';
import type { AttemptSlot, LiveAttempt } from './live-attempt.js';
import type { ModelLoader } from './model-loader.js';
import { orAborted, type ObjectAccess } from './object-access.js';
import type { ImageSource } from './ports/image-source.port.js';
import type { EngineOutput, GenerationJob, InferenceEngine, ResumePoint } from './ports/inference-engine.port.js';
import type { WorkerObserver } from './ports/worker-observer.port.js';
import type { Workspace } from './ports/workspace.port.js';
import type { ProgressChannel } from './progress-channel.js';
import { uploadResults } from './upload-results.js';

export interface AttemptRunnerOptions {
  readonly engines: readonly InferenceEngine[];
  readonly models: ModelLoader;
  readonly objects: ObjectAccess;
  readonly images: ImageSource;
  readonly workspace: Workspace;
  readonly progress: ProgressChannel;
  readonly clock: Clock;
  readonly instanceClock: InstanceClock;
  readonly tracer: Tracer;
  readonly logger: Logger;
  readonly observer: WorkerObserver;
  /** ms after each step where a task does not say it; 0 but for demonstrations. */
  readonly stepDelayMs: number;
  /** An attempt that runs longer has failed. */
  readonly runLimitMs: DurationMs;
  /** Reads the GPUs' health before a failure is told: the scheduler acts on the report at once. Bounded, never rejects. */
  readonly readHealth: () => Promise<void>;
  /** Ids of the machine's GPUs, by position. */
  readonly gpuIds?: readonly string[];
}

/** An engine that was told to stop and has not by then is left to itself: it keeps neither its slot nor its lease. */
const STOP_LIMIT_MS: DurationMs = 15_000;

/** What is known of an attempt before its first step. */
interface Prepared {
  readonly engine: InferenceEngine;
  readonly job: GenerationJob;
  readonly steps: AttemptSteps;
  readonly resume: ResumePoint | undefined;
}

/**
 * Runs one attempt on its slot, from the picture it starts from to the stored result, and reports how it went
 * (WRK-01, WRK-10 to WRK-12).
 */
export class AttemptRunner {
  constructor(private readonly options: AttemptRunnerOptions) {}

  /** Never rejects. Resolves when the attempt has ended and its slot is free; `published` when the bus knows. */
  async run(slot: AttemptSlot): Promise<{ readonly published: Promise<void> }> {
    const { attempt } = slot;
    const { clock, tracer, observer, instanceClock, logger } = this.options;
    const startedMs = clock.monotonicMs();
    const limit = `it ran longer than ${this.options.runLimitMs} ms`;
    const cancelLimit = clock.after(this.options.runLimitMs, () => attempt.interrupt('timeout', limit, 0));
    const course: AttemptCourse = { engine: 'none', totalSteps: 0, resumedFromStep: 0 };
    return tracer.withSpan(attempt.span, async () => {
      const result = await this.runToResult(slot, course).then(
        (stored) => ({ ok: true as const, ...stored }),
        (error: unknown) => ({ ok: false as const, error }),
      );
      cancelLimit();
      await this.cleanUp(slot, course);
      const { readHealth: beforeFailure } = this.options;
      const { published } = await endAttempt(slot, course, result, { instanceClock, logger, beforeFailure });
      // Beside, not before: neither the lease nor the slot waits for a store that is away.
      if (result.ok) void published.then(() => course.checkpoints?.remove());
      attempt.span.setAttributes({ 'millrace.attempt.outcome': attempt.state });
      attempt.span.end(attempt.state === 'failed' && !result.ok ? { error: result.error } : {});
      observer.attemptEnded(attempt.state, course.engine, clock.monotonicMs() - startedMs);
      return { published };
    });
  }

  private async runToResult(
    slot: AttemptSlot,
    course: AttemptCourse,
  ): Promise<{ artifacts: readonly ReportedArtifact[]; output: EngineOutput }> {
    const { attempt } = slot;
    // 1. What it needs: engine, picture, where to go on.
    const prepared = await this.prepare(slot, course);
    this.reportStarted(slot, course);
    // 2. The model, when it is not there yet.
    await this.loadModel(slot, prepared.engine);
    // 3. The steps.
    attempt.interruption.signal.throwIfAborted();
    attempt.move('run');
    const output = await this.runEngine(slot, prepared);
    // 4. The results.
    attempt.move('upload');
    prepared.steps.tellUploading(99);
    await prepared.steps.settle();
    const { objects, workspace } = this.options;
    const { signal } = attempt.interruption;
    const artifacts = await uploadResults(attempt.place, output.files, { objects, workspace, signal });
    prepared.steps.tellUploading(100);
    return { artifacts, output };
  }

  private async prepare(slot: AttemptSlot, course: AttemptCourse): Promise<Prepared> {
    const { assignment, interruption, place } = slot.attempt;
    const { images, objects, clock, logger, observer, stepDelayMs } = this.options;
    const { signal } = interruption;
    const engine = this.engineFor(assignment);
    course.engine = engine.name;
    const { imageUrl } = assignment.input;
    const imagePath = imageUrl === undefined ? undefined : await orAborted(images.fetch(imageUrl, signal), signal);
    const job = jobOf(assignment, stepDelayMs, imagePath);
    course.totalSteps = engine.totalSteps(job);
    const modelHash = engine.modelHash(job);
    const checkpoints = new AttemptCheckpoints({ place, modelHash, objects, clock, logger, observer, signal });
    course.checkpoints = checkpoints;
    const resume = assignment.resumeFrom === undefined ? undefined : await checkpoints.resume(assignment.resumeFrom);
    course.resumedFromStep = resume?.step ?? 0;
    const steps = new AttemptSteps({ ...this.options, ...slot, checkpoints, resumedFromStep: course.resumedFromStep });
    course.steps = steps;
    return { engine, job, steps, resume };
  }

  private engineFor({ taskType }: Assignment): InferenceEngine {
    const engine = this.options.engines.find(({ taskTypes }) => taskTypes.includes(taskType));
    if (engine !== undefined) return engine;
    throw new AppError({
      kind: 'validation',
      code: 'task_type_not_available',
      message: `No engine of this worker runs ${taskType}.`,
      retriable: false,
    });
  }

  private reportStarted({ attempt, meter }: AttemptSlot, course: AttemptCourse): void {
    attempt.reporter.report({
      kind: 'started',
      at: this.options.instanceClock.nowMs(),
      step: course.resumedFromStep,
      totalSteps: course.totalSteps,
      resumedFromStep: course.resumedFromStep,
      engine: course.engine,
      gpuMs: meter.gpuMs(),
    });
  }

  private async loadModel({ attempt, meter }: AttemptSlot, engine: InferenceEngine): Promise<void> {
    const { models } = this.options;
    if (models.isLoaded(engine)) return;
    meter.as('load');
    await orAborted(models.load(engine), attempt.interruption.signal);
    meter.as('run');
  }

  private async runEngine({ attempt }: AttemptSlot, prepared: Prepared): Promise<EngineOutput> {
    const { engine, job, steps, resume } = prepared;
    const workDirectory = await this.options.workspace.create(folderOf(attempt.assignment));
    const { signal } = attempt.interruption;
    signal.throwIfAborted();
    const output = engine.run(job, {
      workDirectory,
      gpuIds: (attempt.assignment.devices ?? []).flatMap((at) => this.options.gpuIds?.[at] ?? []),
      signal,
      ...(resume === undefined ? {} : { resumeFrom: resume }),
      onStep: (step) => steps.onStep(step),
    });
    return this.orLeftBehind(output, attempt);
  }

  /** The output, or a rejection when the engine does not stop in time once it was told to. */
  private async orLeftBehind(output: Promise<EngineOutput>, { key, interruption }: LiveAttempt): Promise<EngineOutput> {
    const ended = new AbortController();
    const onAbort = (): void => {
      cancelWait = this.options.clock.after(STOP_LIMIT_MS, () => {
        this.options.logger.error('an engine did not stop and is left behind', { attempt: key });
        ended.abort(interruption.signal.reason);
      });
    };
    let cancelWait = (): void => {};
    interruption.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await orAborted(output, ended.signal);
    } finally {
      interruption.signal.removeEventListener('abort', onAbort);
      cancelWait();
    }
  }

  private async cleanUp({ attempt }: AttemptSlot, course: AttemptCourse): Promise<void> {
    attempt.interruption.settle();
    await course.steps?.settle();
    try {
      await this.options.workspace.remove(folderOf(attempt.assignment));
    } catch (error) {
      this.options.logger.warn('scratch folder not removed', { attempt: attempt.key, error: messageOf(error) });
    }
  }
}

function folderOf({ taskId, attempt, epoch }: Assignment): string {
  return `${taskId}-${attempt}-${epoch}`;
}
