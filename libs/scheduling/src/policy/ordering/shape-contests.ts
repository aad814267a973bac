import type { QueuedTask } from './ordering-policy.js';
import { goesFirst, type Contest, type Flow, type ShapeState, type TenantLane, type Waiting } from './tenant-lane.js';

/** The shapes of one class and pool: a shape is closed, or gets dearer, as a whole. */
export class ShapeContests {
  private readonly contests = new Map<string, Contest>();
  /** The same, to be walked without an iterator. */
  private list: Contest[] = [];

  of(shape: ShapeState): Contest {
    const known = this.contests.get(shape.name);
    if (known !== undefined) return known;
    const made: Contest = { shape, waiting: 0 };
    this.contests.set(shape.name, made);
    this.list.push(made);
    return made;
  }

  /** Spares the look at every tenant when nothing that waits may find room. */
  hasOpenWork(): boolean {
    const { list } = this;
    for (let at = 0; at < list.length; at++) {
      const { shape, waiting } = list[at] as Contest;
      if (waiting > 0 && shape.open) return true;
    }
    return false;
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

/** Finds the first of the tenant's tasks that may find room, with what it takes to get ready for their shapes. */
export function rankLanes<T extends QueuedTask>(flow: Flow<T>): void {
  const { laneList, laneKeys } = flow;
  let best: Waiting<T> | undefined;
  let bestSetup = 0;
  let least = Infinity;
  for (let at = 0; at < laneList.length; at++) {
    const headKey = laneKeys[at] as number;
    if (headKey > least) continue;
    const lane = laneList[at] as TenantLane<T>;
    const { head } = lane;
    if (head === undefined || lane.closed) continue;
    const { shape } = lane.contest;
    if (!shape.open) continue;
    // What is overdue has a key below 0 and costs nothing to get ready for: it comes before all that is not.
    const sum = headKey < 0 ? headKey : headKey + shape.setupGpuSeconds;
    if (sum > least) continue;
    if (best !== undefined && sum === least && !goesFirst(head, best, shape.setupGpuSeconds, bestSetup)) continue;
    best = head;
    bestSetup = shape.setupGpuSeconds;
    least = sum;
  }
  flow.best = best;
  flow.bestKey = least;
  flow.bestSetup = bestSetup;
}
