import type { LaneTable } from './lane-table.js';
import { NumberHeap } from './number-heap.js';
import { compareIds } from './ordering.js';
import type { ShapeCosts } from './shape-costs.js';

/** A tenant within a class of a pool. */
export interface Flow<T> {
  /** Its row of the table, and its number in the heaps of tenants. */
  readonly number: number;
  readonly tenantId: string;
  readonly weight: number;
  /** A task of the tenant. */
  example: T | undefined;
  /** Its lanes by shape. */
  readonly lanes: Map<number, number>;
  /** Lanes that are closed. */
  closedLanes: number;
  /** Tasks that wait. */
  waiting: number;
  /** It keeps its place when it next has work: it had work all along, as the state that was brought says. */
  stands: boolean;
  /** It competes by length; otherwise it waits for its turn. */
  competes: boolean;
  /** It competes, but nothing of it may find room. */
  idle: boolean;
}

/** A tenant without anything yet. */
export function newFlow<T>(number: number, tenantId: string, weight: number): Flow<T> {
  return {
    number,
    tenantId,
    weight,
    example: undefined,
    lanes: new Map(),
    closedLanes: 0,
    waiting: 0,
    stands: false,
    competes: false,
    idle: false,
  };
}

/**
 * The tenants of one class and pool that have work: those whose turn it is compete by the first task of each, the others
 * wait. A tenant's shapes are looked through when its turn comes or its tasks change, and once a cycle.
 */
export class TenantTurns<T> {
  /** Those that compete, whose first task goes first at the top. */
  private readonly turn: NumberHeap;
  /** Those that are too far ahead to compete, or were not asked yet: the least served first. */
  private readonly later: NumberHeap;
  /** Those that compete while nothing of theirs may find room. */
  private readonly idle: Flow<T>[] = [];
  /** What is known of those that compete is from the cycle before. */
  private stale = false;
  /** The bound that was last asked for. */
  private bound = -Infinity;

  /** `flows`: by number. */
  constructor(
    private readonly flows: readonly (Flow<T> | undefined)[],
    private readonly table: LaneTable,
    private readonly shapes: ShapeCosts,
    isOlder: (a: number, b: number) => boolean,
  ) {
    this.turn = new NumberHeap((a, b) => isOlder(table.best[a] as number, table.best[b] as number), true);
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

  enter({ competes, number }: Flow<T>): void {
    if (!competes && !this.later.has(number)) this.later.push(number, this.table.tag[number] as number);
  }

  withdraw(flow: Flow<T>): void {
    this.turn.remove(flow.number);
    flow.competes = false;
    this.later.remove(flow.number);
  }

  /** Its first task may be another. */
  changed(flow: Flow<T>): void {
    if (flow.competes) this.rank(flow);
  }

  /** It was charged for a task that it took. What is beyond the bound now is most often beyond the next one too. */
  served(flow: Flow<T>): void {
    if (flow.competes && (this.table.tag[flow.number] as number) > this.bound) this.postpone(flow);
  }

  /** The first task of the tenants whose tag is not above `bound`, -1 without one. */
  best(bound: number): number {
    const { table, turn, later } = this;
    this.bound = bound;
    if (this.stale) this.rankAll();
    while (later.topKey <= bound) {
      const flow = this.flowOf(later.pop());
      flow.competes = true;
      this.rank(flow);
    }
    for (let top = turn.top; top !== -1; top = turn.top) {
      if ((table.tag[top] as number) > bound) this.postpone(this.flowOf(top));
      else if (this.shapes.isOpen(table.bestShape[top] as number)) return table.best[top] as number;
      else this.rank(this.flowOf(top));
    }
    return -1;
  }

  private postpone(flow: Flow<T>): void {
    this.turn.remove(flow.number);
    flow.competes = false;
    this.later.push(flow.number, this.table.tag[flow.number] as number);
  }

  private rank(flow: Flow<T>): void {
    const { table, turn } = this;
    const { number } = flow;
    table.rank(number, this.shapes.costs);
    if (table.best[number] === -1) {
      turn.remove(number);
      this.rest(flow);
    } else turn.put(number, table.bestKey[number] as number);
  }

  private rankAll(): void {
    const { table, shapes } = this;
    this.stale = false;
    this.turn.retain(
      (number) => {
        table.rank(number, shapes.costs);
        const isOut = table.best[number] === -1;
        if (isOut) this.rest(this.flowOf(number));
        return !isOut;
      },
      (number) => table.bestKey[number] as number,
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
