import type { Refusals } from '../filters/filter-codes.js';
import type { ClassPlan } from '../placement/class-plans.js';
import type { PlacementBoard } from '../placement/placement-board.js';
import type { QuotaBook } from '../quotas/quota-book.js';
import type { PoolView } from '../snapshot.js';
import type { WaitingCode } from '../waiting-reasons.js';
import type { WorkItem } from './work-item.js';

const OF_CONDITION: Readonly<Record<PoolView['condition'], WaitingCode | null>> = {
  paused: 'paused_pool',
  no_spot_capacity: 'no_spot_capacity',
  batch_not_triggered: 'batch_not_triggered',
  scaling_up: 'pool_scaling_up',
  ready: null,
};

interface Outlook {
  readonly refusals: Refusals;
  readonly fitting: number;
  readonly draining: number;
}

/** Why what was not placed waits: worked out once a class, told for each task of it. */
export class WaitReasons {
  private readonly outlooks = new Map<ClassPlan, Outlook>();
  private readonly shapes = new Map<string, WaitingCode>();

  constructor(
    private readonly board: PlacementBoard,
    private readonly quotas: QuotaBook,
    private readonly pools: readonly PoolView[] = [],
  ) {}

  begin(): void {
    this.shapes.clear();
  }

  closeShape(item: WorkItem, reason: WaitingCode): void {
    this.shapes.set(item.shape, reason);
  }

  /** For an item that the cycle did not come to. */
  ofUnseen(item: WorkItem, limited: boolean): WaitingCode {
    // A quota only shrinks within a cycle: what it refused then it refuses now.
    const closed = this.quotas.refusal(item.tenantAccount, item.charge) ?? this.shapes.get(item.shape);
    return closed ?? (limited ? 'cycle_limit' : this.ofItem(item));
  }

  /** How many workers each filter refuses for the item's class; undefined when none does. */
  evidenceOf(item: WorkItem): Refusals | undefined {
    const plan = item.plans[0];
    const refusals = plan === undefined ? {} : this.outlookOf(plan).refusals;
    return Object.keys(refusals).length === 0 ? undefined : refusals;
  }

  /** For an item that found no place now. */
  ofItem(item: WorkItem): WaitingCode {
    const outlooks = item.plans.map((plan) => this.outlookOf(plan));
    const condition = this.conditionFor(item);
    if (outlooks.some(({ fitting }) => fitting === 0)) return condition ?? 'no_fitting_worker';
    if (outlooks.some(({ fitting, draining }) => fitting === draining)) return condition ?? 'pool_draining';
    if (item.plans.some((plan) => this.board.hasHeldRoom(plan))) return 'held_for_older';
    if (condition !== null) return condition;
    return item.within === null ? 'pool_busy' : 'gang_no_room';
  }

  private outlookOf(plan: ClassPlan): Outlook {
    const known = this.outlooks.get(plan);
    if (known !== undefined) return known;
    const made = this.board.plans.refusals(plan);
    this.outlooks.set(plan, made);
    return made;
  }

  private conditionFor(item: WorkItem): WaitingCode | null {
    const task = item.members[0];
    if (task === undefined) return null;
    const wanted = task.demands?.pool;
    const own = this.pools.find(({ pool, taskTypes, condition }) => {
      return condition !== 'ready' && (wanted === undefined ? taskTypes.includes(task.taskType) : wanted === pool);
    });
    return own === undefined ? null : OF_CONDITION[own.condition];
  }
}
