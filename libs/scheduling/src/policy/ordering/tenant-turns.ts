import { compareIds } from './ordering.js';
import type { QueuedTask } from './ordering-policy.js';
import { NumberHeap } from './number-heap.js';
import type { ShapeCosts } from './shape-costs.js';
import type { Flow } from './tenant-lane.js';

/**
 * The tenants of one class and pool that have work: those whose turn it is compete by the first task of each, the others
 * wait. A tenant's shapes are looked through when its turn comes or its tasks change, and once a cycle.
 */
export class TenantTurns<T extends QueuedTask> {
  /** Those that compete, whose first task goes first at the top. */
  private readonly turn: NumberHeap;
  /** Those that are too far ahead to compete, or were not asked yet: the least served first. */
  private readonly later: NumberHeap;
  /** Those that compete while nothing of theirs may find room. */
  private readonly idle: Flow<T>[] = [];
  /** What is known of those that compete is from the cycle before. */
  private stale = false;

  /** `flows`: by number. */
  constructor(
    private readonly flows: readonly (Flow<T> | undefined)[],
    private readonly shapes: ShapeCosts,
    isOlder: (a: number, b: number) => boolean,
  ) {
    this.turn = new NumberHeap((a, b) => isOlder(this.flowOf(a).table.best, this.flowOf(b).table.best), true);
    this.later = new NumberHeap((a, b) => compareIds(this.flowOf(a).tenantId, this.flowOf(b).tenantId) < 0, true);
  }

  /** A new cycle: shapes are open again, and may have changed in what it takes to get ready for them. */
  begin(): void {
    for (const flow of this.idle) {
      flow.idle = false;
      if (flow.competes && !this.turn.has(flow.number)) this.postpone(flow);
    }
    this.idle.length = 0;
    this.stale = true;
  }

  enter(flow: Flow<T>): void {
    if (!flow.competes && !this.later.has(flow.number)) this.later.push(flow.number, flow.tag);
  }

  withdraw(flow: Flow<T>): void {
    this.leaveTurn(flow);
    this.later.remove(flow.number);
  }

  /** Its first task may be another. */
  changed(flow: Flow<T>): void {
    if (flow.competes) this.rank(flow);
  }

  /** Its tag has changed. One that competes is only asked for it when it would be served. */
  charged(flow: Flow<T>): void {
    this.later.move(flow.number, flow.tag);
  }

  /** The first task of the tenants whose tag is not above `bound`, -1 without one. */
  best(bound: number): number {
    if (this.stale) this.rankAll();
    while (this.later.topKey <= bound) this.compete(this.flowOf(this.later.pop()));
    for (let top = this.turn.top; top !== -1; top = this.turn.top) {
      const flow = this.flowOf(top);
      if (flow.tag > bound) this.postpone(flow);
      else if (this.shapes.isOpen(flow.table.bestShape)) return flow.table.best;
      else this.rank(flow);
    }
    return -1;
  }

  private compete(flow: Flow<T>): void {
    flow.competes = true;
    this.rank(flow);
  }

  private postpone(flow: Flow<T>): void {
    this.leaveTurn(flow);
    this.later.push(flow.number, flow.tag);
  }

  private leaveTurn(flow: Flow<T>): void {
    this.turn.remove(flow.number);
    flow.competes = false;
  }

  private rank(flow: Flow<T>): void {
    const { table, number } = flow;
    table.rank(this.shapes.costs);
    if (table.best === -1) {
      this.turn.remove(number);
      this.rest(flow);
    } else if (this.turn.has(number)) this.turn.move(number, table.bestKey);
    else this.turn.push(number, table.bestKey);
  }

  private rankAll(): void {
    this.stale = false;
    const { costs } = this.shapes;
    this.turn.retain(
      (number) => {
        const flow = this.flowOf(number);
        flow.table.rank(costs);
        if (flow.table.best === -1) this.rest(flow);
        return flow.table.best !== -1;
      },
      (number) => this.flowOf(number).table.bestKey,
    );
  }

  private rest(flow: Flow<T>): void {
    if (!flow.idle) this.idle.push(flow);
    flow.idle = true;
  }

  private flowOf(number: number): Flow<T> {
    return this.flows[number] as Flow<T>;
  }
}
