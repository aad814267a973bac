import type { Clock } from '@millrace/kernel';

/** Where a program writes. Results go to `out`, everything else to `err`. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `err` is a terminal: one line is then written over and over. */
  readonly live: boolean;
}

const LIVE_EVERY_MS = 200;
const LINE_EVERY_MS = 5_000;
/** Wipes the line of a terminal: carriage return, erase in line. */
const WIPE = '\r\u001b[K';

/** Tells on `err` how far long work is, at most a few times a second, so that telling costs nothing. */
export class ProgressLine {
  private toldMs = -Infinity;
  private shown = false;

  constructor(
    private readonly output: Output,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
  ) {}

  /** Shows the text, unless the last one is too fresh. */
  tell(text: string): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.toldMs < (this.output.live ? LIVE_EVERY_MS : LINE_EVERY_MS)) return;
    this.toldMs = nowMs;
    this.output.err(this.output.live ? `${WIPE}  ${text}` : `  ${text}\n`);
    this.shown = true;
  }

  /** Takes the line of a terminal away, before results are written. */
  clear(): void {
    if (this.shown && this.output.live) this.output.err(WIPE);
    this.shown = false;
  }
}
