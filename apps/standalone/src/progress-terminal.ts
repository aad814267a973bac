import {
  taskCancelled,
  taskCharged,
  taskCompleted,
  taskExpired,
  taskFailed,
  taskProgressed,
  taskQueued,
  taskRequeued,
  taskStarted,
} from '@millrace/contracts';
import { formatDollars, type Clock } from '@millrace/kernel';
import { isEvent, type ReceivedEvent } from '@millrace/messaging/ports';

const BAR_CELLS = 20;
/** Lines are rewritten at most so often on a terminal, and new ones printed at most so often elsewhere. */
const LIVE_EVERY_MS = 200;
const PLAIN_EVERY_MS = 5000;
/** Tasks remembered; older ones are forgotten first. */
const TASK_LIMIT = 500;
const CHARGE_WAIT_MS = 3000;
const SHORT_ID_LENGTH = 8;

export interface TerminalOutput {
  write(text: string): void;
  /** Width in characters when lines may be rewritten; undefined for a file or a pipe. */
  readonly columns: number | undefined;
}

interface WatchedTask {
  readonly id: string;
  label: string;
  ended: boolean;
  shownAtMs: number;
  step: number;
  totalSteps: number;
  stage: string;
  /** What is told once the cost is known. */
  result: { readonly took: string; readonly url: string; readonly cancelWait: () => void } | undefined;
}

/** Shows what the tasks do: one moving line on a terminal, plain lines elsewhere; at the end URL, time and cost. */
export class ProgressTerminal {
  private readonly tasks = new Map<string, WatchedTask>();
  private liveLine = false;

  constructor(
    private readonly output: TerminalOutput,
    private readonly clock: Clock,
    private readonly resultUrl: (key: string) => Promise<string>,
  ) {}

  async show(events: readonly ReceivedEvent[]): Promise<void> {
    for (const event of events) await this.showOne(event);
  }

  /** Prints a line of its own, above the moving one. */
  print(text: string): void {
    this.clearLive();
    this.output.write(`${text}\n`);
  }

  private async showOne(event: ReceivedEvent): Promise<void> {
    const task = this.taskOf(event.subject ?? '');
    if (isEvent(event, taskQueued)) {
      task.label = event.data.taskType;
      this.print(`  task ${short(task.id)} ${task.label} queued`);
    } else if (isEvent(event, taskStarted)) {
      const { number, resumedFromStep } = event.data.attempt;
      if (number > 1) this.print(`  task ${short(task.id)} attempt ${number} goes on from step ${resumedFromStep}`);
    } else if (isEvent(event, taskProgressed)) {
      this.progressed(task, event.data.step, event.data.totalSteps, event.data.stage);
    } else if (isEvent(event, taskRequeued)) {
      this.print(
        `  task ${short(task.id)} attempt ${event.data.attempt.number} was ${event.data.reason}: queued again`,
      );
    } else if (isEvent(event, taskCharged)) {
      this.charged(task, event.data.billedGpuMs, event.data.cost);
    } else {
      await this.ended(task, event);
    }
  }

  private progressed(task: WatchedTask, step: number, totalSteps: number, stage: string): void {
    if (task.ended) return;
    Object.assign(task, { step, totalSteps, stage });
    const now = this.clock.monotonicMs();
    if (now - task.shownAtMs < (this.output.columns === undefined ? PLAIN_EVERY_MS : LIVE_EVERY_MS)) return;
    task.shownAtMs = now;
    const cells = Math.round((BAR_CELLS * step) / totalSteps);
    const bar = '█'.repeat(cells) + '░'.repeat(BAR_CELLS - cells);
    const line = `  task ${short(task.id)} ${task.label}  ${bar} ${step}/${totalSteps} ${stage}`;
    if (this.output.columns === undefined) return this.output.write(`${line}\n`);
    this.output.write(`\r\u001b[2K${line.slice(0, this.output.columns - 1)}`);
    this.liveLine = true;
  }

  private async ended(task: WatchedTask, event: ReceivedEvent): Promise<void> {
    if (isEvent(event, taskCompleted)) {
      const video = event.data.artifacts.find(({ kind }) => kind === 'video') ?? event.data.artifacts[0];
      const url = video === undefined ? '' : ` · ${await this.resultUrl(video.key)}`;
      task.ended = true;
      const cancelWait = this.clock.after(CHARGE_WAIT_MS, () => this.completed(task, ''));
      task.result = { took: seconds(event.data.processingMs), url, cancelWait };
    } else if (isEvent(event, taskFailed)) {
      this.finish(task, `failed (${event.data.reason}): ${event.data.error.message}`);
    } else if (isEvent(event, taskCancelled)) {
      this.finish(task, 'cancelled');
    } else if (isEvent(event, taskExpired)) {
      this.finish(task, 'expired: it was not started in time');
    }
  }

  private finish(task: WatchedTask, text: string): void {
    task.ended = true;
    this.print(`  task ${short(task.id)} ${text}`);
  }

  private charged(task: WatchedTask, gpuMs: number, cost: string): void {
    const charge = ` · ${(gpuMs / 1000).toFixed(1)} GPU-s · $${formatDollars(BigInt(cost))}`;
    if (task.result !== undefined) this.completed(task, charge);
    else this.print(`  task ${short(task.id)} charged${charge}`);
    this.tasks.delete(task.id);
  }

  /** One line for a finished task; the charge follows its end by milliseconds, and is waited for. */
  private completed(task: WatchedTask, charge: string): void {
    const { result } = task;
    if (result === undefined) return;
    task.result = undefined;
    result.cancelWait();
    this.print(`  task ${short(task.id)} completed in ${result.took}${charge}${result.url}`);
  }

  private taskOf(id: string): WatchedTask {
    const known = this.tasks.get(id);
    if (known !== undefined) return known;
    const made: WatchedTask = {
      id,
      label: '',
      ended: false,
      shownAtMs: -Infinity,
      step: 0,
      totalSteps: 0,
      stage: '',
      result: undefined,
    };
    this.tasks.set(id, made);
    const [oldest] = this.tasks.keys();
    if (this.tasks.size > TASK_LIMIT && oldest !== undefined) this.tasks.delete(oldest);
    return made;
  }

  private clearLive(): void {
    if (this.liveLine) this.output.write('\r\u001b[2K');
    this.liveLine = false;
  }
}

/** The last digits of a UUIDv7 are random, and tell tasks of one moment apart. */
function short(id: string): string {
  return `…${id.slice(-SHORT_ID_LENGTH)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
