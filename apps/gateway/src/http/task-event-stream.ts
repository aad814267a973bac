import { Readable } from 'node:stream';
import type { TaskEventName } from '@millrace/contracts';
import { hasEnded, isSettled, type LiveProgress, type Preview } from '@millrace/intake';
import type { TaskEvent, TaskView } from '@millrace/intake/ports';
import {
  messageOf,
  sleep,
  toIso,
  type Clock,
  type DurationMs,
  type Logger,
  type TaskId,
  type TenantId,
} from '@millrace/kernel';
import type { Gateway } from '../gateway.js';
import { toAttemptAnswer } from './task.convert.js';
import type { TaskPresenter } from './task-presenter.js';

const COMMENT_MS: DurationMs = 15_000;
/** Looks into the database after so long even when nobody wakes: another replica may have written. */
const POLL_MS: DurationMs = 2000;
/** `charged` follows the end within this time, or the stream closes without it. */
const CHARGE_WAIT_MS: DurationMs = 30_000;
/** Progress is told at most twice a second. */
const PROGRESS_MS: DurationMs = 500;
/** A reader this far behind gets no more progress or previews; lifecycle events are never left out. */
const BUFFER_MAX_BYTES = 512 * 1024;

export interface TaskEventStreamOptions {
  readonly gateway: Pick<Gateway, 'tasks' | 'watch' | 'progress'>;
  readonly presenter: TaskPresenter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tenantId: TenantId;
  readonly taskId: TaskId;
  /** Sequence of the last event the client has. */
  readonly afterSequence: number;
}

/**
 * Server-sent events of one task. Lifecycle events come from the database in sequence, so that a client that looks up
 * the task after one finds at least that state; progress comes live. Ends after `charged`, or 30 s after the end; with
 * the end of a task that never had an attempt, which is not charged.
 */
export class TaskEventStream {
  readonly body: Readable;
  private readonly closed = new AbortController();
  private sequence: number;
  private woken = new AbortController();
  private progressAtMs = -Infinity;
  private commentDueMs: DurationMs;
  private chargeDueMs: DurationMs | undefined;

  constructor(private readonly options: TaskEventStreamOptions) {
    this.sequence = options.afterSequence;
    this.commentDueMs = options.clock.monotonicMs() + COMMENT_MS;
    this.body = new Readable({
      read: () => {},
      destroy: (error, done) => {
        this.closed.abort();
        this.woken.abort();
        done(error);
      },
    });
  }

  /** Runs until the stream ends or the client goes. */
  async run(): Promise<void> {
    const { gateway, taskId } = this.options;
    const stopWatching = gateway.watch.subscribe(taskId, () => this.woken.abort());
    const stopProgress = gateway.progress.subscribe(taskId, (progress, preview) =>
      this.tellProgress(progress, preview),
    );
    try {
      this.write('retry: 2000\n\n');
      let ended = await this.tellChanges();
      const current = gateway.progress.of(taskId);
      if (current !== undefined && !ended) this.tellProgress(current, undefined);
      while (!ended && !this.closed.signal.aborted) {
        await this.nextWake();
        ended = await this.tellChanges();
      }
      this.body.push(null);
    } catch (error) {
      this.options.logger.warn('an event stream broke', { taskId, error: messageOf(error) });
      this.body.destroy();
    } finally {
      stopWatching();
      stopProgress();
    }
  }

  /** Sends what is new in the database. True when nothing will follow. */
  private async tellChanges(): Promise<boolean> {
    const { gateway, tenantId, taskId, presenter, clock } = this.options;
    this.woken = new AbortController();
    const view = await gateway.tasks.one(tenantId, taskId);
    if (view.sequence > this.sequence) {
      const events = await gateway.tasks.events(tenantId, taskId, this.sequence);
      const task = hasEnded(view) ? { task: await presenter.task(view) } : {};
      for (const event of events) this.tellEvent(event, event.sequence === view.sequence ? task : {});
    }
    if (!hasEnded(view)) return false;
    if (view.charge !== null) {
      this.send('charged', { task_id: taskId, task: await presenter.task(view) });
      return true;
    }
    if (isSettled(view)) return true;
    this.chargeDueMs ??= clock.monotonicMs() + CHARGE_WAIT_MS;
    return clock.monotonicMs() >= this.chargeDueMs;
  }

  private tellEvent(event: TaskEvent, extra: { readonly task?: unknown }): void {
    if (event.sequence <= this.sequence) return;
    this.sequence = event.sequence;
    this.send(event.name as TaskEventName, { ...toEventData(event), ...extra }, event.sequence);
  }

  private tellProgress(progress: LiveProgress, preview: Preview | undefined): void {
    if (this.body.readableLength > BUFFER_MAX_BYTES) return;
    const { taskId, clock } = this.options;
    const facts = {
      task_id: taskId,
      attempt: progress.attempt,
      step: progress.step,
      total_steps: progress.totalSteps,
      stage: progress.stage,
    };
    const now = clock.monotonicMs();
    if (now - this.progressAtMs >= PROGRESS_MS) {
      this.progressAtMs = now;
      const completion =
        progress.remainingMs === undefined
          ? {}
          : { estimated_completion: toIso(progress.receivedAt + progress.remainingMs) };
      this.send('progress', { ...facts, progress: progress.percent, ...completion });
    }
    if (preview !== undefined)
      this.send('preview', { ...facts, media_type: preview.mediaType, base64: preview.base64 });
  }

  /** Until something changed, or it is time for a comment, a look, or the end. */
  private async nextWake(): Promise<void> {
    const { clock } = this.options;
    const now = clock.monotonicMs();
    const dueMs = Math.min(this.commentDueMs, this.chargeDueMs ?? Infinity, now + POLL_MS);
    await sleep(clock, Math.max(0, dueMs - now), this.woken.signal);
    if (clock.monotonicMs() < this.commentDueMs) return;
    this.commentDueMs = clock.monotonicMs() + COMMENT_MS;
    this.write(': still here\n\n');
  }

  private send(name: TaskEventName, data: unknown, id?: number): void {
    this.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  private write(text: string): void {
    if (!this.closed.signal.aborted) this.body.push(text);
  }
}

/** A stored event as clients read it. */
function toEventData(event: TaskEvent): Record<string, unknown> {
  const { attempt, processingMs, gpuMs, provisionalCost: _provisionalCost, ...rest } = event.data;
  return {
    task_id: event.taskId,
    sequence: event.sequence,
    at: toIso(event.at),
    ...rest,
    ...(attempt === undefined ? {} : { attempt: toAttemptAnswer(attempt as TaskView['attempts'][number]) }),
    ...(typeof processingMs === 'number' ? { processing_time: processingMs / 1000 } : {}),
    ...(typeof gpuMs === 'number' ? { gpu_seconds: gpuMs / 1000 } : {}),
  };
}
