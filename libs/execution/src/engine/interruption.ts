import type { Clock, DurationMs } from '@millrace/kernel';

/**
 * Why an attempt is to stop. `timeout`: it ran as long as an attempt may. `abandon`: its lease is another's now, nothing
 * of it counts any more.
 */
export type InterruptKind = 'preempt' | 'timeout' | 'cancel' | 'abandon';

/** A stronger wish replaces a weaker one: an abandoned attempt is not handed back. */
const STRENGTH: Readonly<Record<InterruptKind, number>> = { preempt: 1, timeout: 2, cancel: 3, abandon: 4 };

/** The reason an interrupted attempt ends with. */
export class AttemptInterrupted extends Error {
  override readonly name = 'AttemptInterrupted';

  constructor(
    readonly kind: InterruptKind,
    readonly reason: string,
  ) {
    super(`attempt interrupted (${kind}): ${reason}`);
  }
}

/**
 * The stop switch of one attempt. Time-out, cancel and abandon take effect at once; a preemption waits for the end of the step, so
 * that the state can be stored, but at most for the grace.
 */
export class Interruption {
  private readonly controller = new AbortController();
  private current: AttemptInterrupted | undefined;
  private cancelGrace: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** What was asked for; the signal may still be waiting for the step's end. */
  get requested(): AttemptInterrupted | undefined {
    return this.current;
  }

  request(kind: InterruptKind, reason: string, graceMs: DurationMs): void {
    if (this.current !== undefined && STRENGTH[this.current.kind] >= STRENGTH[kind]) return;
    this.current = new AttemptInterrupted(kind, reason);
    this.cancelGrace?.();
    if (kind === 'preempt' && graceMs > 0) this.cancelGrace = this.clock.after(graceMs, () => this.takeEffect());
    else this.takeEffect();
  }

  /** Stops now. Nothing happens when nothing was asked for. */
  takeEffect(): void {
    this.cancelGrace?.();
    if (this.current !== undefined) this.controller.abort(this.current);
  }

  /** The attempt has ended: no timer is left behind. */
  settle(): void {
    this.cancelGrace?.();
  }
}
