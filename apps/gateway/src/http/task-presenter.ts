import type { TaskAnswer, TaskStatusAnswer } from '@millrace/contracts';
import type { TaskView } from '@millrace/intake/ports';
import type { Artifact } from '@millrace/intake/ports';
import type { Clock } from '@millrace/kernel';
import type { Gateway } from '../gateway.js';
import { weakTag } from './entity-tag.js';
import {
  currentProgress,
  remainingMs,
  resultOf,
  thumbnailOf,
  toStatusAnswer,
  toTaskAnswer,
  type TaskFacts,
} from './task.convert.js';

/** Result URLs live for 7 days (B13). */
export const RESULT_URL_TTL_S = 7 * 24 * 3600;
const DAY_MS = 24 * 3_600_000;
/** Estimates that move by less make no new answer: each snapshot moves them a little. */
const ETA_STEP_MS = 10_000;
const RETRY_AFTER_S = { min: 1, max: 30 };

/** Adds to a view what is known only now, and renders it. URLs are signed at each read and never stored. */
export class TaskPresenter {
  constructor(
    private readonly gateway: Pick<Gateway, 'progress' | 'queue' | 'artifactUrls'>,
    private readonly clock: Clock,
  ) {}

  async status(view: TaskView): Promise<TaskStatusAnswer> {
    return toStatusAnswer(await this.facts(view));
  }

  async task(view: TaskView): Promise<TaskAnswer> {
    return toTaskAnswer(await this.facts(view));
  }

  /** Changes when an answer would, but for the signatures in it: those count by the day, and estimates by 10 s. */
  tag(view: TaskView): string {
    const progress = currentProgress({ view, progress: this.gateway.progress.of(view.request.id) });
    const day = view.end === null ? undefined : Math.floor(this.clock.now() / DAY_MS);
    const marks = [view.charge === null ? 0 : 1, view.erasedAt === null ? 0 : 1];
    const { queue } = this.gateway;
    const place = queue.place(view);
    const finish = place?.finish === undefined ? undefined : Math.round(place.finish.p90 / ETA_STEP_MS);
    const waiting = [queue.waitingReason(view)?.code, place?.position, finish];
    return weakTag([view.sequence, progress?.epoch, progress?.step, progress?.percent, ...marks, day, ...waiting]);
  }

  /** When to ask again: it follows the estimate, within bounds. */
  retryAfterS(view: TaskView): number {
    const progress = this.gateway.progress.of(view.request.id);
    const leftS = remainingMs({ view, progress, now: this.clock.now() }) / 1000;
    return Math.min(RETRY_AFTER_S.max, Math.max(RETRY_AFTER_S.min, Math.ceil(leftS / 4)));
  }

  private async facts(view: TaskView): Promise<TaskFacts> {
    return {
      view,
      progress: this.gateway.progress.of(view.request.id),
      waitingReason: this.gateway.queue.waitingReason(view),
      queuePlace: this.gateway.queue.place(view),
      resultUrl: await this.sign(resultOf(view)),
      thumbnailUrl: await this.sign(thumbnailOf(view)),
      now: this.clock.now(),
    };
  }

  private async sign(artifact: Artifact | undefined): Promise<string | null> {
    return artifact === undefined ? null : (await this.gateway.artifactUrls.sign(artifact, RESULT_URL_TTL_S)).url;
  }
}
