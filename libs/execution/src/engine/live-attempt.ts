import { invariant, type Clock, type DurationMs } from '@millrace/kernel';
import type { Span } from '@millrace/messaging/ports';
import { isFinal, transition, type AttemptCommand, type AttemptState } from '../domain/attempt-state.js';
import type { AttemptPlace } from '../domain/object-keys.js';
import { keyOf, type Assignment } from './assignment.js';
import type { AttemptReporter } from './attempt-reporter.js';
import type { SlotMeter } from './meter.js';
import { Interruption, type InterruptKind } from './interruption.js';

/** One leased attempt on this worker, from its assignment to its end. */
export class LiveAttempt {
  readonly key: string;
  readonly interruption: Interruption;
  /** On the worker's monotonic clock. */
  readonly acceptedAtMs: number;
  private current: AttemptState = 'waiting';

  constructor(
    readonly assignment: Assignment,
    readonly reporter: AttemptReporter,
    readonly span: Span,
    clock: Clock,
  ) {
    this.key = keyOf(assignment);
    this.interruption = new Interruption(clock);
    this.acceptedAtMs = clock.monotonicMs();
  }

  get state(): AttemptState {
    return this.current;
  }

  get place(): AttemptPlace {
    return this.assignment;
  }

  move(command: AttemptCommand): void {
    const next = transition(this.current, command);
    invariant(next !== undefined, `attempt ${this.key} takes ${command} in state ${this.current}`);
    this.current = next;
  }

  /**
   * Asks for the end. While steps run or results are stored a preemption waits for the next safe point, at most
   * `graceMs`; before that there is nothing to keep and it takes effect at once.
   */
  interrupt(kind: InterruptKind, reason: string, graceMs: DurationMs): void {
    if (isFinal(this.current)) return;
    const hasWork = this.current === 'running' || this.current === 'uploading';
    this.interruption.request(kind, reason, hasWork ? graceMs : 0);
  }
}

/** What an attempt runs with once it has a slot. */
export interface AttemptSlot {
  readonly attempt: LiveAttempt;
  readonly meter: SlotMeter;
}
