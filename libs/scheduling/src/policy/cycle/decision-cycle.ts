import type { Instant } from '@millrace/kernel';
import { isBackingOff } from '../../domain/retry-backoff.js';
import type { PlacementReason, Preemption } from '../decision.js';
import { GangPlacer } from '../gangs/gang-placer.js';
import { DEFAULT_ORDERING } from '../ordering/ordering-policy.js';
import { ServiceOrder } from '../ordering/service-order.js';
import type { ClassPlan, Tier } from '../placement/class-plans.js';
import { holdForOlder } from '../placement/hold-for-older.js';
import type { PlacementBoard } from '../placement/placement-board.js';
import { DEFAULT_PLACEMENT_WEIGHTS } from '../placement/placement-weights.js';
import { chooseVictims } from '../preemption/choose-victims.js';
import type { QuotaBook } from '../quotas/quota-book.js';
import { HOLDS_LIMIT, type PolicyConfig, type SchedulingSnapshot, type WorkerView } from '../snapshot.js';
import type { WaitingCode } from '../waiting-reasons.js';
import type { WaitReasons } from './wait-reasons.js';
import type { WorkItem } from './work-item.js';

/** Seats of the last cycle, one a member, in the order in which they were given. */
export interface GivenSeats {
  count: number;
  readonly items: WorkItem[];
  /** Which member of the item. */
  readonly member: number[];
  readonly node: number[];
  readonly gpuMask: number[];
  readonly tier: (Tier | null)[];
  readonly reason: PlacementReason[];
}

export interface ItemWait {
  readonly item: WorkItem;
  /** Seats that were given before it was looked at. */
  readonly seatsBefore: number;
  readonly reason: WaitingCode;
  readonly preemption?: Preemption;
}

/**
 * One pass over what waits: next in order → quota → place → charge, until nothing more can find room or the limit is
 * reached. It owns the order of service, the board and the quotas, and may live on from cycle to cycle (`submit`,
 * `PlacementBoard.release`) or be built for one. Placing allocates nothing but what new classes and kinds need.
 */
export class DecisionCycle {
  readonly order: ServiceOrder<WorkItem>;
  readonly seats: GivenSeats = { count: 0, items: [], member: [], node: [], gpuMask: [], tier: [], reason: [] };
  /** Items that were looked at in the last cycle and wait, in order of service. */
  readonly waits: ItemWait[] = [];
  /** The last cycle ended at its limit. */
  limited = false;
  private readonly gangs: GangPlacer;
  /** Tenants whose quota has changed since the last cycle. */
  private readonly woken = new Set<string>();
  private readonly planOfShape = new Map<string, ClassPlan>();
  private holds = 0;
  private victims = 0;
  /** Workers with something to preempt, and those of them that nobody has asked in this cycle. */
  private readonly preemptible: readonly WorkerView[];
  private unasked: readonly WorkerView[] = [];
  /** Of all classes: what is younger is overdue in none. */
  private readonly leastMaxWaitMs: number;

  constructor(
    private readonly board: PlacementBoard,
    private readonly quotas: QuotaBook,
    private readonly policy: PolicyConfig,
    private readonly reasons: WaitReasons,
    shares?: SchedulingSnapshot['shares'],
  ) {
    const ordering = policy.ordering ?? DEFAULT_ORDERING;
    this.order = new ServiceOrder<WorkItem>(ordering, shares);
    const limits = [...ordering.classes.values(), ordering.otherwise];
    this.leastMaxWaitMs = Math.min(...limits.map(({ maxWaitMs }) => maxWaitMs));
    this.gangs = new GangPlacer(board);
    this.preemptible = board.table.workers.filter(hasPreemptible);
  }

  /** Decides for at most `limit` tasks; a gang that comes first may be larger. */
  run(now: Instant, limit: number): void {
    this.begin(now);
    const { order, seats } = this;
    for (let item = order.next(); item !== undefined; item = order.next()) {
      // Gangs of one shape may differ in who asks for what.
      const example = order.exampleOfShape();
      const asked = example.within === null ? example : item;
      const { tenantAccount } = order.exampleOfTenant();
      // 1. The limit of a cycle. A gang is not cut in two by it.
      if (seats.count > 0 && seats.count + asked.members.length > limit) {
        this.limited = true;
        return;
      }
      // 2. A pause after a failure.
      const isNoted = order.isNoted();
      if (isNoted && isBackingOff(item.notBefore, now)) {
        this.wait(item, 'retry_backoff');
        order.pass();
        continue;
      }
      // 3. Quotas of tenant and namespace.
      const refusal = this.refusalOf(tenantAccount, asked);
      if (refusal !== null) {
        this.refuse(item, tenantAccount, asked, refusal, now);
        continue;
      }
      // 4. A place, or 5. why not, and what is done about it.
      if (this.place(item, asked)) this.settle(item, tenantAccount, asked, isNoted);
      else this.makeWait(item, now);
    }
  }

  add(item: WorkItem): void {
    const plan = item.plans[0];
    if (plan !== undefined) this.planOfShape.set(item.shape, plan);
    this.order.add(item, item.notBefore !== null || item.unpredictedGpuSeconds > 0);
  }

  /** Something of the tenant's ended: what waits for its quota is looked at again. */
  wake(tenantId: string): void {
    this.woken.add(tenantId);
  }

  /** What it takes to load the model where a task of that shape would go now; 0 where it is loaded. */
  private setupGpuSeconds(shape: string): number {
    const plan = this.planOfShape.get(shape);
    if (plan?.example.model === undefined) return 0;
    const seat = this.board.choose(plan);
    const kind = seat === null ? undefined : this.board.table.openKind[seat.node];
    if (kind === undefined || plan.reasonOfKind[kind] === 'warm_model') return 0;
    const { coldModelMs } = this.policy.weights ?? DEFAULT_PLACEMENT_WEIGHTS;
    return (Math.max(1, plan.example.needs.gpus) * coldModelMs) / 1_000;
  }

  private isWithinQuota({ tenantAccount, charge }: WorkItem): boolean {
    return this.quotas.refusal(tenantAccount, charge) === null;
  }

  private begin(now: Instant): void {
    this.seats.count = 0;
    this.waits.length = 0;
    this.limited = false;
    this.holds = 0;
    this.victims = 0;
    this.unasked = this.preemptible;
    this.reasons.begin();
    this.board.letGo();
    this.quotas.reopen();
    for (const tenantId of this.woken) this.order.openTenant(tenantId, (item) => this.isWithinQuota(item));
    this.woken.clear();
    this.order.begin(now, (shape) => this.setupGpuSeconds(shape));
  }

  private refusalOf(tenantAccount: number, { namespaceAccount, charge }: WorkItem): WaitingCode | null {
    return this.quotas.refusal(tenantAccount, charge) ?? this.quotas.refusal(namespaceAccount, charge);
  }

  /** What has waited too long keeps its account closed to smaller and younger work, if it can ever run itself. */
  private refuse(item: WorkItem, tenantAccount: number, asked: WorkItem, reason: WaitingCode, now: Instant): void {
    const { quotas, order } = this;
    this.wait(item, reason);
    const ofTenant = quotas.refusal(tenantAccount, asked.charge) !== null;
    const account = ofTenant ? tenantAccount : asked.namespaceAccount;
    const mayBeOverdue = now - order.requestedAt() >= this.leastMaxWaitMs;
    if (mayBeOverdue && this.isOverdue(item, now) && quotas.everFits(account, asked.charge)) {
      quotas.close(account);
      this.wake(item.tenantId);
    }
    if (ofTenant) order.closeLane();
    else {
      this.reasons.closeShape(asked, reason);
      order.closeShape();
    }
  }

  private place(item: WorkItem, asked: WorkItem): boolean {
    const plan = asked.plans[0];
    if (plan === undefined) return false;
    if (asked.within !== null) return this.placeGang(item);
    const seat = this.board.choose(plan);
    if (seat === null || seat.tier === null) return false;
    // What speaks for the place is how it was before.
    const reason = plan.reasonOfKind[this.board.table.openKind[seat.node] ?? 0] ?? 'first_fitting_worker';
    this.board.take(plan, seat.node, seat.gpuMask, seat.tier);
    this.give(item, 0, seat.node, seat.gpuMask, seat.tier, reason);
    return true;
  }

  private placeGang(item: WorkItem): boolean {
    const { gangs } = this;
    const level = gangs.place(item.plans, item.within ?? 'zone');
    if (level === null) return false;
    for (let at = 0; at < item.members.length; at++) {
      this.give(item, at, gangs.nodes[at] ?? 0, gangs.gpuMasks[at] ?? 0, gangs.tiers[at] ?? null, `gang_${level}`);
    }
    return true;
  }

  private give(
    item: WorkItem,
    member: number,
    node: number,
    gpuMask: number,
    tier: Tier | null,
    reason: PlacementReason,
  ): void {
    const { seats } = this;
    const at = seats.count;
    seats.items[at] = item;
    seats.member[at] = member;
    seats.node[at] = node;
    seats.gpuMask[at] = gpuMask;
    seats.tier[at] = tier;
    seats.reason[at] = reason;
    seats.count = at + 1;
  }

  private settle(item: WorkItem, tenantAccount: number, asked: WorkItem, isNoted: boolean): void {
    this.order.take(isNoted ? item.unpredictedGpuSeconds : 0);
    this.quotas.take(tenantAccount, asked.charge);
    this.quotas.take(asked.namespaceAccount, asked.charge);
  }

  private wait(item: WorkItem, reason: WaitingCode, preemption: Preemption | null = null): void {
    const wait = { item, seatsBefore: this.seats.count, reason };
    this.waits.push(preemption === null ? wait : { ...wait, preemption });
  }

  private makeWait(item: WorkItem, now: Instant): void {
    const preemption = this.preempt(item, now);
    if (preemption !== undefined) {
      this.wait(item, 'preempting', preemption);
      this.order.pass();
      return;
    }
    const reason = this.reasons.ofItem(item);
    this.wait(item, reason);
    if (this.isOverdue(item, now) && this.holds < (this.policy.maxHolds ?? HOLDS_LIMIT)) {
      this.holds += 1;
      holdForOlder(this.board, item.plans, item.within ?? 'node');
    }
    this.reasons.closeShape(item, reason);
    this.order.closeShape();
  }

  /** Undefined: nobody stops for it. Null: enough is stopping already. Gangs preempt nobody. */
  private preempt(item: WorkItem, now: Instant): Preemption | null | undefined {
    const { policy, unasked } = this;
    const task = item.members[0];
    if (policy.preemption === undefined || unasked.length === 0 || task === undefined) return undefined;
    if (item.within !== null) return undefined;
    const budget = policy.preemption.maxVictimsPerCycle - this.victims;
    const search = chooseVictims(task, unasked, policy.preemption, budget, now);
    if (search.kind === 'none') return undefined;
    const worker = search.kind === 'stopping' ? search.worker : search.preemption.worker;
    // What is free there is kept for this task, and nobody else counts on who stops there.
    this.board.holdWorker(worker);
    this.unasked = unasked.filter((other) => other !== worker);
    if (search.kind === 'stopping') return null;
    this.victims += search.preemption.victims.length;
    return search.preemption;
  }

  private isOverdue(item: WorkItem, now: Instant): boolean {
    const { classes, otherwise } = this.policy.ordering ?? DEFAULT_ORDERING;
    return now - item.requestedAt >= (classes.get(item.priority) ?? otherwise).maxWaitMs;
  }
}

function hasPreemptible({ running }: WorkerView): boolean {
  return running?.some(({ preemptible, stopping }) => preemptible || stopping === true) ?? false;
}
