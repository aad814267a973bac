import { Heap } from '@millrace/kernel';
import { compareIds } from './ordering.js';
import type { QueuedTask } from './ordering-policy.js';
import { rankLanes } from './shape-contests.js';
import { goesFirst, type Flow, type Waiting } from './tenant-lane.js';

export function tagOf<T extends QueuedTask>({ tag }: Flow<T>): number {
  return tag;
}

/** Order of tenants: the least served first, ties by id. */
export function isLessServed<T extends QueuedTask>(a: Flow<T>, b: Flow<T>): boolean {
  const apart = a.tag - b.tag;
  return apart === 0 ? compareIds(a.tenantId, b.tenantId) < 0 : apart < 0;
}

function bestKeyOf<T extends QueuedTask>({ bestKey }: Flow<T>): number {
  return bestKey;
}

function hasFirst<T extends QueuedTask>(a: Flow<T>, b: Flow<T>): boolean {
  if (a.best === undefined || b.best === undefined) return b.best === undefined && a.best !== undefined;
  return goesFirst(a.best, b.best, a.bestSetup, b.bestSetup);
}

/**
 * The tenants of one class and pool that have work: those whose turn it is compete by the first task of each, the others
 * wait. A tenant's shapes are looked through when its turn comes or its tasks change, and once a cycle.
 */
export class TenantTurns<T extends QueuedTask> {
  /** Those that compete, whose first task goes first at the top. */
  private readonly turn = new Heap<Flow<T>>(bestKeyOf, hasFirst, (flow, index) => (flow.turnIndex = index));
  /** Those that are too far ahead to compete, or were not asked yet. */
  private readonly later = new Heap<Flow<T>>(tagOf, isLessServed, (flow, index) => (flow.laterIndex = index));
  /** Those that compete while nothing of theirs may find room. */
  private readonly idle: Flow<T>[] = [];
  /** What is known of those that compete is from the cycle before. */
  private stale = false;

  /** A new cycle: shapes are open again, and may have changed in what it takes to get ready for them. */
  begin(): void {
    for (const flow of this.idle) {
      flow.idle = false;
      if (flow.competes && flow.turnIndex < 0) this.postpone(flow);
    }
    this.idle.length = 0;
    this.stale = true;
  }

  enter(flow: Flow<T>): void {
    if (!flow.competes && flow.laterIndex < 0) this.later.push(flow);
  }

  withdraw(flow: Flow<T>): void {
    this.leaveTurn(flow);
    if (flow.laterIndex >= 0) this.later.removeAt(flow.laterIndex);
  }

  /** Its first task may be another. */
  changed(flow: Flow<T>): void {
    if (flow.competes) this.rank(flow);
  }

  /** It was charged for a task that it took: it is not known whether it is still its turn. */
  served(flow: Flow<T>): void {
    if (flow.competes) this.postpone(flow);
    else this.charged(flow);
  }

  /** Its tag has changed. */
  charged(flow: Flow<T>): void {
    if (flow.laterIndex >= 0) this.later.moveAt(flow.laterIndex);
  }

  /** The first task of the tenants whose tag is not above `bound`. */
  best(bound: number): Waiting<T> | undefined {
    if (this.stale) this.rankAll();
    for (let flow = this.later.peek(); flow !== undefined && flow.tag <= bound; flow = this.later.peek()) {
      this.compete(flow);
    }
    for (let flow = this.turn.peek(); flow !== undefined; flow = this.turn.peek()) {
      if (flow.tag > bound) this.postpone(flow);
      else if (flow.best?.lane.contest.shape.open === true) return flow.best;
      else this.rank(flow);
    }
    return undefined;
  }

  private compete(flow: Flow<T>): void {
    this.later.removeAt(flow.laterIndex);
    flow.competes = true;
    this.rank(flow);
  }

  private postpone(flow: Flow<T>): void {
    this.leaveTurn(flow);
    this.later.push(flow);
  }

  private leaveTurn(flow: Flow<T>): void {
    if (flow.turnIndex >= 0) this.turn.removeAt(flow.turnIndex);
    flow.competes = false;
    flow.best = undefined;
  }

  private rank(flow: Flow<T>): void {
    rankLanes(flow);
    if (flow.best === undefined) {
      if (flow.turnIndex >= 0) this.turn.removeAt(flow.turnIndex);
      this.rest(flow);
    } else if (flow.turnIndex < 0) this.turn.push(flow);
    else this.turn.moveAt(flow.turnIndex);
  }

  private rankAll(): void {
    this.stale = false;
    this.turn.retain((flow) => {
      rankLanes(flow);
      if (flow.best === undefined) this.rest(flow);
      return flow.best !== undefined;
    });
  }

  private rest(flow: Flow<T>): void {
    if (!flow.idle) this.idle.push(flow);
    flow.idle = true;
  }
}
