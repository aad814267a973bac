import { invariant, type Instant } from '@millrace/kernel';
import { LaneTable } from './lane-table.js';
import { NumberHeap } from './number-heap.js';
import { compareIds } from './ordering.js';
import type { ClassLimits, FairShare, QueuedTask } from './ordering-policy.js';
import type { ShapeCosts } from './shape-costs.js';
import { dropGone, TenantLane, topOf, type Flow, type LaneTasks } from './tenant-lane.js';
import { TenantTurns } from './tenant-turns.js';

/** Tenants and lanes that may come before the idle ones are looked through. */
const IDLE_KEPT = 1_024;
/** Tasks that left may stand in the order of age, beside as many as wait, before they are dropped. */
const GONE_KEPT = 1_024;

/**
 * One class of one pool: start-time fair queueing over tenants in predicted GPU-seconds. A tenant's tag grows by what it
 * takes ÷ its weight; tenants within `slack` of the lowest tag compete by length, the others wait for their turn. So no
 * two tenants with work that fits get further apart than the slack and one task.
 */
export class FairQueue<T extends QueuedTask> {
  private readonly flowsById = new Map<string, Flow<T>>();
  private readonly flows: (Flow<T> | undefined)[] = [];
  private readonly freeNumbers: number[] = [];
  /** Tenants with work, the least served first. A tag that has grown since is seen when it comes to the top. */
  private readonly served: NumberHeap;
  private readonly turns: TenantTurns<T>;
  /** Tasks that are not overdue, and those that are and may be lifted. */
  private readonly ageing: NumberHeap;
  private readonly lifting: NumberHeap;
  /** Out of this cycle: nothing of theirs finds room. */
  private readonly aside: Flow<T>[] = [];
  /** Tasks in lanes that are not closed, by shape, and of all shapes that are open. */
  private readonly waitingOf: number[] = [];
  private openWaiting = 0;
  private live = 0;
  private virtual = 0;
  /** Lanes there are, and how many tenants and lanes were left when the idle ones were last dropped. */
  private lanes = 0;
  private lanesKept = 0;
  private flowsKept = 0;

  constructor(
    readonly priority: number,
    readonly pool: string,
    private readonly limits: ClassLimits,
    private readonly slackGpuSeconds: number,
    private readonly weightOf: (tenantId: string) => number,
    private readonly tasks: LaneTasks<T>,
    private readonly shapes: ShapeCosts,
  ) {
    invariant((limits.liftAfterMs ?? Infinity) >= limits.maxWaitMs, 'a task is lifted after its maximum wait');
    const isFirstById = (a: number, b: number): boolean => compareIds(this.idOf(a), this.idOf(b)) < 0;
    this.served = new NumberHeap(isFirstById, true);
    this.turns = new TenantTurns<T>(this.flows, shapes, tasks.isOlder);
    this.ageing = new NumberHeap(tasks.isOlder, false);
    this.lifting = new NumberHeap(tasks.isOlder, false);
  }

  /** Goes on where the tenants stood; before any task comes. */
  resume({ virtualGpuSeconds, tenants }: FairShare): void {
    this.virtual = virtualGpuSeconds;
    for (const [tenantId, tag] of Object.entries(tenants)) Object.assign(this.flowOf(tenantId), { tag, stands: true });
  }

  /** `returns`: the task only sat a cycle out, so its tenant stands where it stood. The number of the task. */
  add(task: T, shape: number, returns: boolean): number {
    const flow = this.flowOf(task.tenantId);
    if (flow.waiting === 0 && !returns && !flow.stands) flow.tag = Math.max(flow.tag, this.virtual);
    flow.stands = false;
    const lane = this.laneOf(flow, shape);
    const number = this.tasks.add(task, lane);
    lane.add(number);
    this.count(lane, 1);
    flow.waiting += 1;
    this.live += 1;
    this.tasks.hold(number);
    this.pushByAge(this.ageing, number);
    if (flow.waiting === 1) this.enter(flow);
    else this.turns.changed(flow);
    return number;
  }

  remove(number: number): void {
    const lane = this.tasks.laneOf(number);
    const { flow } = lane;
    lane.remove(number);
    this.count(lane, -1);
    flow.waiting -= 1;
    this.live -= 1;
    if (flow.waiting === 0) this.withdraw(flow);
    else this.turns.changed(flow);
  }

  /** Takes it out and charges its tenant. */
  take(number: number): void {
    const { flow } = this.tasks.laneOf(number);
    this.virtual = Math.max(this.virtual, flow.tag);
    this.addToTag(flow, this.tasks.of(number).gpuSeconds);
    this.remove(number);
  }

  /** The task waits here. */
  has(number: number): boolean {
    const { flow } = this.tasks.laneOf(number);
    return this.flows[flow.number] === flow;
  }

  /** These shapes were closed, and no longer are. */
  shapesOpened(opened: readonly number[]): void {
    for (const shape of opened) this.openWaiting += this.waitingOf[shape] ?? 0;
  }

  /** A new cycle: who was set aside is back, and tasks have grown older. */
  begin(now: Instant): void {
    for (const flow of this.aside) if (flow.waiting > 0) this.enter(flow);
    this.aside.length = 0;
    this.turns.begin();
    if (this.flowsById.size + this.lanes > 2 * (this.flowsKept + this.lanesKept) + IDLE_KEPT) this.forget();
    this.age(now - this.limits.maxWaitMs);
  }

  /** A task that is to be served with the class above, -1 without one; it is asked for again once that was removed. */
  lifted(now: Instant): number {
    return this.olderThan(this.lifting, now - (this.limits.liftAfterMs ?? 0));
  }

  /** The task to serve next, or -1 when nothing that waits may find room. */
  next(): number {
    // Spares the look at every tenant.
    if (this.openWaiting === 0) return -1;
    const floor = this.leastServed();
    return floor === undefined ? -1 : this.turns.best(floor.tag + this.slackGpuSeconds);
  }

  /** Nothing of this tenant and shape is served until `openLanes`. */
  closeLane(lane: TenantLane<T>): void {
    if (lane.closed) return;
    this.count(lane, -lane.size);
    lane.closed = true;
    lane.flow.closedLanes += 1;
    this.turns.changed(lane.flow);
  }

  /** The tenant's closed lanes are open again. */
  openLanes(tenantId: string, mayStart?: (task: T) => boolean): void {
    const flow = this.flowsById.get(tenantId);
    if (flow === undefined || flow.closedLanes === 0) return;
    const closedBefore = flow.closedLanes;
    for (const lane of flow.laneList) {
      if (!lane.closed) continue;
      if (lane.head !== -1 && mayStart?.(this.tasks.of(lane.head)) === false) continue;
      lane.closed = false;
      flow.closedLanes -= 1;
      this.count(lane, lane.size);
    }
    if (flow.closedLanes < closedBefore) this.turns.changed(flow);
  }

  /** Nothing of the shape, which was open, is served until `shapesOpened`. */
  closeShape(shape: number): void {
    this.openWaiting -= this.waitingOf[shape] ?? 0;
  }

  /** Adds the shapes of which there are lanes. */
  addShapes(to: Set<number>): void {
    for (const flow of this.flowsById.values()) for (const shape of flow.lanes.keys()) to.add(shape);
  }

  share(): FairShare {
    const tenants: Record<string, number> = {};
    for (const { tenantId, tag, waiting } of this.flowsById.values()) {
      if (tag > this.virtual || (waiting > 0 && tag < this.virtual)) tenants[tenantId] = tag;
    }
    return { priority: this.priority, pool: this.pool, virtualGpuSeconds: this.virtual, tenants };
  }

  /** Corrects what the tenant was charged for a task by what it took. */
  charge(tenantId: string, gpuSeconds: number): void {
    const flow = this.flowOf(tenantId);
    this.addToTag(flow, gpuSeconds);
    this.turns.charged(flow);
  }

  /** What was requested before is overdue from now on. */
  private age(before: Instant): void {
    const { ageing, lifting, tasks } = this;
    for (let number = this.olderThan(ageing, before); number !== -1; number = this.olderThan(ageing, before)) {
      ageing.pop();
      tasks.laneOf(number).markOverdue(number);
      if (this.limits.liftAfterMs === undefined) tasks.drop(number);
      else this.pushByAge(lifting, number);
    }
  }

  private pushByAge(heap: NumberHeap, number: number): void {
    if (heap.size > 2 * this.live + GONE_KEPT) dropGone(heap, this.tasks, this.tasks.requestedAt);
    heap.push(number, this.tasks.requestedAt[number] as number);
  }

  private addToTag(flow: Flow<T>, gpuSeconds: number): void {
    flow.tag += gpuSeconds / flow.weight;
    if (gpuSeconds < 0) this.served.move(flow.number, flow.tag);
  }

  private leastServed(): Flow<T> | undefined {
    const { served } = this;
    for (let top = served.top; top !== -1; top = served.top) {
      const flow = this.flows[top] as Flow<T>;
      if (flow.tag !== served.topKey) served.move(top, flow.tag);
      else if (flow.table.hasOpen(this.shapes.costs)) return flow;
      else {
        served.pop();
        this.aside.push(flow);
      }
    }
    return undefined;
  }

  /** The oldest that was requested before, -1 without one; what is gone is dropped on the way. */
  private olderThan(heap: NumberHeap, before: Instant): number {
    return topOf(heap, this.tasks) !== -1 && heap.topKey < before ? heap.top : -1;
  }

  /** So many tasks more (or fewer, negative) wait in a lane; those of a closed lane don't count. */
  private count(lane: TenantLane<T>, tasks: number): void {
    if (lane.closed) return;
    const { shape } = lane;
    this.waitingOf[shape] = (this.waitingOf[shape] ?? 0) + tasks;
    if (this.shapes.isOpen(shape)) this.openWaiting += tasks;
  }

  private enter(flow: Flow<T>): void {
    if (!this.served.has(flow.number)) this.served.push(flow.number, flow.tag);
    this.turns.enter(flow);
  }

  private withdraw(flow: Flow<T>): void {
    this.turns.withdraw(flow);
    this.served.remove(flow.number);
  }

  private idOf(number: number): string {
    return this.flows[number]?.tenantId ?? '';
  }

  private flowOf(tenantId: string): Flow<T> {
    const known = this.flowsById.get(tenantId);
    if (known !== undefined) return known;
    const weight = this.weightOf(tenantId);
    invariant(weight > 0, `tenant ${tenantId} has a weight above 0`);
    const flow: Flow<T> = {
      number: this.freeNumbers.pop() ?? this.flows.length,
      tenantId,
      weight,
      lanes: new Map(),
      laneList: [],
      table: new LaneTable(this.tasks.isOlder),
      closedLanes: 0,
      tag: this.virtual,
      waiting: 0,
      stands: false,
      competes: false,
      idle: false,
    };
    this.flowsById.set(tenantId, flow);
    this.flows[flow.number] = flow;
    return flow;
  }

  private laneOf(flow: Flow<T>, shape: number): TenantLane<T> {
    const known = flow.lanes.get(shape);
    if (known !== undefined) return known;
    const lane = new TenantLane<T>(flow, shape, this.tasks);
    flow.lanes.set(shape, lane);
    flow.laneList.push(lane);
    this.lanes += 1;
    return lane;
  }

  /** Drops the tenants without work that would begin at the virtual time anyhow, and lanes that are empty. */
  private forget(): void {
    this.lanes = 0;
    for (const flow of this.flowsById.values()) {
      flow.table.clear();
      for (const lane of flow.laneList) {
        if (lane.size > 0 || lane.closed) lane.enterTable();
        else flow.lanes.delete(lane.shape);
      }
      flow.laneList = [...flow.lanes.values()];
      this.lanes += flow.lanes.size;
      if (flow.lanes.size > 0 || flow.tag > this.virtual) continue;
      this.flowsById.delete(flow.tenantId);
      this.flows[flow.number] = undefined;
      this.freeNumbers.push(flow.number);
    }
    this.lanesKept = this.lanes;
    this.flowsKept = this.flowsById.size;
  }
}
