import { invariant, type Instant } from '@millrace/kernel';
import { LaneTable } from './lane-table.js';
import { NumberHeap } from './number-heap.js';
import { compareIds } from './ordering.js';
import type { FairShare, QueuedTask, QueueTerms } from './ordering-policy.js';
import type { ShapeCosts } from './shape-costs.js';
import { TaskAges } from './task-ages.js';
import { TenantLanes } from './tenant-lanes.js';
import { newFlow, TenantTurns, type Flow } from './tenant-turns.js';
import type { WaitingTasks } from './waiting-tasks.js';

/** Tenants and lanes that may come before the idle ones are looked through. */
const IDLE_KEPT = 1_024;

/**
 * One class of one pool: start-time fair queueing over tenants in predicted GPU-seconds. A tenant's tag grows by what it
 * takes ÷ its weight; tenants within `slack` of the lowest tag compete by length, the others wait for their turn. So no
 * two tenants with work that fits get further apart than the slack and one task.
 */
export class FairQueue<T extends QueuedTask> {
  private readonly flowsById = new Map<string, Flow<T>>();
  private readonly flows: (Flow<T> | undefined)[] = [];
  private readonly freeNumbers: number[] = [];
  private readonly table: LaneTable;
  private readonly lanes: TenantLanes<T>;
  /** Tenants with work, the least served first. A tag that has grown since is seen when it comes to the top. */
  private readonly served: NumberHeap;
  private readonly turns: TenantTurns<T>;
  private readonly ages: TaskAges<T>;
  /** Out of this cycle: nothing of theirs finds room. */
  private readonly aside: Flow<T>[] = [];
  /** Tasks in lanes that are not closed, by shape, and of all shapes that are open. */
  private readonly waitingOf: number[] = [];
  private openWaiting = 0;
  private live = 0;
  private virtual = 0;
  /** Lanes there are, and how many tenants and lanes were left when the idle ones were last dropped. */
  private laneCount = 0;
  private lanesKept = 0;
  private flowsKept = 0;

  constructor(
    readonly terms: QueueTerms,
    private readonly tasks: WaitingTasks<T>,
    private readonly shapes: ShapeCosts,
  ) {
    const isFirstById = (a: number, b: number): boolean => compareIds(this.idOf(a), this.idOf(b)) < 0;
    this.served = new NumberHeap(isFirstById, true);
    this.table = new LaneTable(tasks.isOlder);
    this.lanes = new TenantLanes<T>(tasks, this.table);
    this.turns = new TenantTurns<T>(this.flows, this.table, shapes, tasks.isOlder);
    this.ages = new TaskAges<T>(terms.limits, tasks);
  }

  /** Goes on where the tenants stood; before any task comes. */
  resume({ virtualGpuSeconds, tenants }: FairShare): void {
    this.virtual = virtualGpuSeconds;
    for (const [tenantId, tag] of Object.entries(tenants)) {
      const flow = this.flowOf(tenantId);
      flow.stands = true;
      this.table.tag[flow.number] = tag;
    }
  }

  /** `returns`: the task only sat a cycle out, so its tenant stands where it stood. The number of the task. */
  add(task: T, shape: number, returns: boolean, isNoted: boolean): number {
    const flow = this.flowOf(task.tenantId);
    if (flow.waiting === 0 && !returns && !flow.stands) {
      this.table.tag[flow.number] = Math.max(this.tagOf(flow), this.virtual);
    }
    flow.stands = false;
    flow.example ??= task;
    const lane = this.laneOf(flow, shape);
    const number = this.tasks.add(task, this.terms.number, lane, isNoted);
    this.lanes.add(lane, number);
    this.count(lane, 1);
    flow.waiting += 1;
    this.live += 1;
    this.ages.add(number, this.live);
    if (flow.waiting === 1) this.enter(flow);
    else this.turns.changed(flow);
    return number;
  }

  remove(number: number): void {
    const lane = this.tasks.laneOf(number);
    const flow = this.flowOfLane(lane);
    this.lanes.remove(lane, number);
    this.count(lane, -1);
    flow.waiting -= 1;
    this.live -= 1;
    if (flow.waiting === 0) this.withdraw(flow);
    else this.turns.changed(flow);
  }

  /** Takes it out and charges its tenant. */
  take(number: number, unpredictedGpuSeconds: number): void {
    const flow = this.flowOfLane(this.tasks.laneOf(number));
    this.virtual = Math.max(this.virtual, this.tagOf(flow));
    const gpuSeconds = (this.tasks.gpuSeconds[number] as number) + unpredictedGpuSeconds;
    this.table.tag[flow.number] = this.tagOf(flow) + gpuSeconds / flow.weight;
    this.turns.served(flow);
    this.remove(number);
  }

  /** Some task of the same tenant that waits here, or did. */
  exampleOfTenant(number: number): T {
    return this.flowOfLane(this.tasks.laneOf(number)).example as T;
  }

  shapeOf(number: number): number {
    return this.lanes.shapeOf(this.tasks.laneOf(number));
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
    if (this.flowsById.size + this.laneCount > 2 * (this.flowsKept + this.lanesKept) + IDLE_KEPT) this.forget();
    for (let one = this.ages.nextOverdue(now, this.live); one !== -1; one = this.ages.nextOverdue(now, this.live)) {
      this.lanes.markOverdue(this.tasks.laneOf(one), one);
    }
  }

  /** A task that is to be served with the class above, -1 without one; it is asked for again once that was removed. */
  lifted(now: Instant): number {
    return this.ages.lifted(now);
  }

  /** The task to serve next, or -1 when nothing that waits may find room. */
  next(): number {
    // Spares the look at every tenant.
    if (this.openWaiting === 0) return -1;
    const floor = this.leastServed();
    return floor === -1 ? -1 : this.turns.best((this.table.tag[floor] as number) + this.terms.slackGpuSeconds);
  }

  /** Nothing of the task's tenant and shape is served until `openLanes`. */
  closeLaneOf(number: number): void {
    const lane = this.tasks.laneOf(number);
    if (this.lanes.isClosed(lane)) return;
    const flow = this.flowOfLane(lane);
    this.count(lane, -this.lanes.sizeOf(lane));
    this.lanes.setClosed(lane, true);
    flow.closedLanes += 1;
    this.turns.changed(flow);
  }

  /** The tenant's closed lanes are open again, or those of which something may start. Returns whether none is closed. */
  openLanes(tenantId: string, mayStart?: (task: T) => boolean): boolean {
    const flow = this.flowsById.get(tenantId);
    if (flow === undefined || flow.closedLanes === 0) return true;
    const { lanes, table } = this;
    const closedBefore = flow.closedLanes;
    for (let place = 0; place < table.lanesOf(flow.number); place++) {
      const lane = table.laneAt(flow.number, place);
      if (!lanes.isClosed(lane)) continue;
      const head = lanes.headOf(lane);
      if (head !== -1 && mayStart?.(this.tasks.of(head)) === false) continue;
      lanes.setClosed(lane, false);
      flow.closedLanes -= 1;
      this.count(lane, lanes.sizeOf(lane));
    }
    if (flow.closedLanes < closedBefore) this.turns.changed(flow);
    return flow.closedLanes === 0;
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
    for (const flow of this.flowsById.values()) {
      const { tenantId, waiting } = flow;
      const tag = this.tagOf(flow);
      if (tag > this.virtual || (waiting > 0 && tag < this.virtual)) tenants[tenantId] = tag;
    }
    const { priority, pool } = this.terms;
    return { priority, pool, virtualGpuSeconds: this.virtual, tenants };
  }

  private leastServed(): number {
    const { served, table } = this;
    for (let top = served.top; top !== -1; top = served.top) {
      const tag = table.tag[top] as number;
      if (tag !== served.topKey) served.move(top, tag);
      else if (table.hasOpen(top, this.shapes.costs)) return top;
      else this.aside.push(this.flows[served.pop()] as Flow<T>);
    }
    return -1;
  }

  /** So many tasks more (or fewer, negative) wait in a lane; those of a closed lane don't count. */
  private count(lane: number, tasks: number): void {
    if (this.lanes.isClosed(lane)) return;
    const shape = this.lanes.shapeOf(lane);
    this.waitingOf[shape] = (this.waitingOf[shape] ?? 0) + tasks;
    if (this.shapes.isOpen(shape)) this.openWaiting += tasks;
  }

  private enter(flow: Flow<T>): void {
    if (!this.served.has(flow.number)) this.served.push(flow.number, this.tagOf(flow));
    this.turns.enter(flow);
  }

  private withdraw(flow: Flow<T>): void {
    this.turns.withdraw(flow);
    this.served.remove(flow.number);
  }

  private idOf(number: number): string {
    return this.flows[number]?.tenantId ?? '';
  }

  private tagOf({ number }: Flow<T>): number {
    return this.table.tag[number] as number;
  }

  private flowOfLane(lane: number): Flow<T> {
    return this.flows[this.lanes.tenantOf(lane)] as Flow<T>;
  }

  private flowOf(tenantId: string): Flow<T> {
    const known = this.flowsById.get(tenantId);
    if (known !== undefined) return known;
    const weight = this.terms.weightOf(tenantId);
    invariant(weight > 0, `tenant ${tenantId} has a weight above 0`);
    const number = this.freeNumbers.pop() ?? this.flows.length;
    const flow = newFlow<T>(number, tenantId, weight);
    this.flowsById.set(tenantId, flow);
    this.flows[number] = flow;
    this.table.makeRoom(this.flows.length);
    this.table.tag[number] = this.virtual;
    return flow;
  }

  private laneOf(flow: Flow<T>, shape: number): number {
    const known = flow.lanes.get(shape);
    if (known !== undefined) return known;
    const lane = this.lanes.open(flow.number, shape);
    flow.lanes.set(shape, lane);
    this.laneCount += 1;
    return lane;
  }

  /** Drops the tenants without work that would begin at the virtual time anyhow, and lanes that are empty. */
  private forget(): void {
    const { lanes } = this;
    this.laneCount = 0;
    for (const flow of this.flowsById.values()) {
      this.table.clear(flow.number);
      for (const [shape, lane] of flow.lanes) {
        if (lanes.sizeOf(lane) > 0 || lanes.isClosed(lane)) lanes.enterTable(lane);
        else {
          flow.lanes.delete(shape);
          lanes.forget(lane);
        }
      }
      this.laneCount += flow.lanes.size;
      if (flow.lanes.size > 0 || this.tagOf(flow) > this.virtual) continue;
      this.flowsById.delete(flow.tenantId);
      this.flows[flow.number] = undefined;
      this.freeNumbers.push(flow.number);
    }
    this.lanesKept = this.laneCount;
    this.flowsKept = this.flowsById.size;
  }
}
