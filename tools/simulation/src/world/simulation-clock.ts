import { Heap, type Clock, type DurationMs, type Instant } from '@millrace/kernel';

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly fn: () => void;
  cancelled: boolean;
}

/**
 * The time of the whole simulated world: a heap of timers, fired one by one in order of due time, then of making.
 * Between two timers every promise chain runs to its next wait, so a run depends on nothing but its seed.
 */
export class SimulationClock implements Clock {
  /** Timers fired so far: the steps of the simulation. */
  steps = 0;
  private elapsedMs = 0;
  private made = 0;
  private readonly timers = new Heap<Timer>(dueOf, wasMadeBefore);

  constructor(private readonly startedAt: Instant = Date.UTC(2026, 0, 1)) {}

  now(): Instant {
    return this.startedAt + this.elapsedMs;
  }

  monotonicMs(): DurationMs {
    return this.elapsedMs;
  }

  after(delayMs: DurationMs, fn: () => void): () => void {
    const timer: Timer = {
      dueMs: this.elapsedMs + Math.max(0, Math.ceil(delayMs)),
      order: this.made++,
      fn,
      cancelled: false,
    };
    this.timers.push(timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** Moves time on by `durationMs`, or until `condition` holds, which is asked once a virtual second. Whether it held. */
  async run(durationMs: DurationMs, condition: () => boolean = () => false): Promise<boolean> {
    const untilMs = this.elapsedMs + durationMs;
    let askAtMs = this.elapsedMs;
    await settle();
    for (;;) {
      if (this.elapsedMs >= askAtMs) {
        if (condition()) return true;
        askAtMs = this.elapsedMs + 1_000;
      }
      const next = this.timers.peek();
      if (next === undefined || next.dueMs > untilMs) break;
      this.timers.pop();
      if (next.cancelled) continue;
      this.elapsedMs = Math.max(this.elapsedMs, next.dueMs);
      this.steps += 1;
      next.fn();
      await settle();
    }
    this.elapsedMs = untilMs;
    return condition();
  }
}

function dueOf({ dueMs }: Timer): number {
  return dueMs;
}

function wasMadeBefore(a: Timer, b: Timer): boolean {
  return a.order < b.order;
}

/** One turn of the event loop: all microtasks run before it comes. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
