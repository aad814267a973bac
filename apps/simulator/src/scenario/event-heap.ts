import { Heap } from '@millrace/kernel';

/** Something that happens at a moment of virtual time. */
interface HeapEvent {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

/** What is still to happen, in order of time, then of being planned: the same plan is always run in the same order. */
export class EventHeap {
  private readonly events = new Heap<HeapEvent>(dueOf, wasPlannedBefore);
  private planned = 0;
  private nowAtMs = 0;

  /** Virtual time in milliseconds since the start. */
  get nowMs(): number {
    return this.nowAtMs;
  }

  /** Plans an event; one in the past happens now. */
  at(atMs: number, happen: () => void): void {
    this.events.push({ atMs: Math.max(atMs, this.nowAtMs), order: this.planned++, happen });
  }

  after(delayMs: number, happen: () => void): void {
    this.at(this.nowAtMs + delayMs, happen);
  }

  /** When the next event is due; infinity when none is planned. */
  nextAtMs(): number {
    return this.events.leastKey;
  }

  /** Moves time to the next event and takes it. */
  take(): (() => void) | undefined {
    const first = this.events.pop();
    if (first === undefined) return undefined;
    this.nowAtMs = first.atMs;
    return first.happen;
  }

  /** Moves time on where nothing happens until then. */
  moveTo(atMs: number): void {
    this.nowAtMs = Math.max(this.nowAtMs, atMs);
  }
}

function dueOf({ atMs }: HeapEvent): number {
  return atMs;
}

function wasPlannedBefore(a: HeapEvent, b: HeapEvent): boolean {
  return a.order < b.order;
}
