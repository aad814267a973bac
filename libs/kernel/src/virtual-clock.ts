import type { Clock, DurationMs, Instant } from './clock.js';

interface VirtualTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A clock that moves only when told. Timers fire in order of due time, then of making. */
export class VirtualClock implements Clock {
  private elapsedMs = 0;
  private made = 0;
  private timers: VirtualTimer[] = [];

  constructor(private readonly startedAt: Instant = Date.UTC(2026, 0, 1)) {}

  now(): Instant {
    return this.startedAt + this.elapsedMs;
  }

  monotonicMs(): DurationMs {
    return this.elapsedMs;
  }

  after(delayMs: DurationMs, fn: () => void): () => void {
    const timer = { dueMs: this.elapsedMs + Math.max(0, delayMs), order: this.made++, fn };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Moves time on, fires what falls due, and lets promises settle between timers. */
  async advance(durationMs: DurationMs): Promise<void> {
    const untilMs = this.elapsedMs + durationMs;
    for (;;) {
      await settle();
      const due = this.nextDue(untilMs);
      if (due === undefined) break;
      this.timers = this.timers.filter((other) => other !== due);
      this.elapsedMs = Math.max(this.elapsedMs, due.dueMs);
      due.fn();
    }
    this.elapsedMs = untilMs;
    await settle();
  }

  private nextDue(untilMs: number): VirtualTimer | undefined {
    return this.timers
      .filter((timer) => timer.dueMs <= untilMs)
      .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0];
  }
}

/** Lets every promise chain that is ready run to its next wait. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
