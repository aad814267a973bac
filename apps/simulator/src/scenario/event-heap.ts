/** Something that happens at a moment of virtual time. */
interface HeapEvent {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

/** What is still to happen, in order of time, then of being planned: the same plan is always run in the same order. */
export class EventHeap {
  private readonly events: HeapEvent[] = [];
  private planned = 0;
  private nowAtMs = 0;

  /** Virtual time in milliseconds since the start. */
  get nowMs(): number {
    return this.nowAtMs;
  }

  /** Plans an event; one in the past happens now. */
  at(atMs: number, happen: () => void): void {
    const event = { atMs: Math.max(atMs, this.nowAtMs), order: this.planned++, happen };
    let index = this.events.length;
    this.events.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.events[parent];
      if (above === undefined || !before(event, above)) break;
      this.events[index] = above;
      index = parent;
    }
    this.events[index] = event;
  }

  after(delayMs: number, happen: () => void): void {
    this.at(this.nowAtMs + delayMs, happen);
  }

  /** When the next event is due; infinity when none is planned. */
  nextAtMs(): number {
    return this.events[0]?.atMs ?? Infinity;
  }

  /** Moves time to the next event and takes it. */
  take(): (() => void) | undefined {
    const first = this.events[0];
    const last = this.events.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.events.length > 0) this.sink(last);
    this.nowAtMs = first.atMs;
    return first.happen;
  }

  /** Moves time on where nothing happens until then. */
  moveTo(atMs: number): void {
    this.nowAtMs = Math.max(this.nowAtMs, atMs);
  }

  private sink(event: HeapEvent): void {
    const count = this.events.length;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const first = this.events[left];
      if (left >= count || first === undefined) break;
      const right = this.events[left + 1];
      const [child, below] = right !== undefined && before(right, first) ? [left + 1, right] : [left, first];
      if (!before(below, event)) break;
      this.events[index] = below;
      index = child;
    }
    this.events[index] = event;
  }
}

function before(a: HeapEvent, b: HeapEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
