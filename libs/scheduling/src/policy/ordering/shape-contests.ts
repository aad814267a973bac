import { Heap } from './heap.js';
import type { QueuedTask } from './ordering-policy.js';
import { goesFirst, type Contest, type ShapeState, type TenantLane, type Waiting } from './tenant-lane.js';

function laneKey<T extends QueuedTask>({ headKey }: TenantLane<T>): number {
  return headKey;
}

function laneGoesFirst<T extends QueuedTask>(a: TenantLane<T>, b: TenantLane<T>): boolean {
  if (a.head === undefined || b.head === undefined) return b.head === undefined && a.head !== undefined;
  return goesFirst(a.head, b.head, 0, 0);
}

/** The lanes of one class and pool that compete, shape by shape: a shape is closed, or gets dearer, as a whole. */
export class ShapeContests<T extends QueuedTask> {
  private readonly contests = new Map<string, Contest<T>>();
  /** The same, to be walked without an iterator. */
  private list: Contest<T>[] = [];

  of(shape: ShapeState): Contest<T> {
    const known = this.contests.get(shape.name);
    if (known !== undefined) return known;
    const lanes = new Heap<TenantLane<T>>(laneKey, laneGoesFirst, (lane, index) => (lane.index = index));
    const made: Contest<T> = { shape, lanes, waiting: 0 };
    this.contests.set(shape.name, made);
    this.list.push(made);
    return made;
  }

  /** Spares the look at every tenant when nothing that waits may find room. */
  hasOpenWork(): boolean {
    const { list } = this;
    for (let at = 0; at < list.length; at++) {
      const { shape, waiting } = list[at] as Contest<T>;
      if (waiting > 0 && shape.open) return true;
    }
    return false;
  }

  /** The first of those that compete, with what it takes to get ready for their shapes. */
  best(): Waiting<T> | undefined {
    const { list } = this;
    let best: Waiting<T> | undefined;
    let bestSetup = 0;
    let least = Infinity;
    for (let at = 0; at < list.length; at++) {
      const { shape, lanes } = list[at] as Contest<T>;
      if (!shape.open) continue;
      // What is overdue has a key below 0 and costs nothing to get ready for: it comes before all that is not.
      const key = lanes.leastKey;
      const sum = key < 0 ? key : key + shape.setupGpuSeconds;
      if (sum > least) continue;
      const head = lanes.peek()?.head;
      if (head === undefined) continue;
      if (best !== undefined && sum === least && !goesFirst(head, best, shape.setupGpuSeconds, bestSetup)) continue;
      best = head;
      bestSetup = shape.setupGpuSeconds;
      least = sum;
    }
    return best;
  }

  /** Forgets the shapes of which there is no lane any more. */
  keep(shapes: ReadonlySet<string>): void {
    for (const name of this.contests.keys()) if (!shapes.has(name)) this.contests.delete(name);
    this.list = [...this.contests.values()];
  }

  names(): Iterable<string> {
    return this.contests.keys();
  }
}

/** So many tasks more (or fewer, negative) wait in a lane; those of a closed lane don't count. */
export function count<T extends QueuedTask>(lane: TenantLane<T>, tasks: number): void {
  if (!lane.closed) lane.contest.waiting += tasks;
}

/** The lane competes with the head that it has now; without a head, or closed, it doesn't. */
export function place<T extends QueuedTask>(lane: TenantLane<T>): void {
  if (lane.head === undefined || lane.closed) unplace(lane);
  else if (lane.index < 0) lane.contest.lanes.push(lane);
  else lane.contest.lanes.moveAt(lane.index);
}

export function unplace<T extends QueuedTask>(lane: TenantLane<T>): void {
  if (lane.index >= 0) lane.contest.lanes.removeAt(lane.index);
}
