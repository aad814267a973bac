import { Heap, invariant, type Instant } from '@millrace/kernel';
import type { ClassLimits, FairShare, QueuedTask } from './ordering-policy.js';
import { count, ShapeContests } from './shape-contests.js';
import { ageKey, isOlder, TenantLane, topOf, type Flow, type ShapeState, type Waiting } from './tenant-lane.js';
import { isLessServed, tagOf, TenantTurns } from './tenant-turns.js';

/** Tenants and lanes that may come before the idle ones are looked through. */
const IDLE_KEPT = 1_024;

function tellAge<T extends QueuedTask>(waiting: Waiting<T>, index: number): void {
  waiting.ageIndex = index;
}

/**
 * One class of one pool: start-time fair queueing over tenants in predicted GPU-seconds. A tenant's tag grows by what it
 * takes ÷ its weight; tenants within `slack` of the lowest tag compete by length, the others wait for their turn. So no
 * two tenants with work that fits get further apart than the slack and one task.
 */
export class FairQueue<T extends QueuedTask> {
  private readonly flows = new Map<string, Flow<T>>();
  private readonly contests = new ShapeContests();
  /** Tenants with work, the least served first, without those set aside. */
  private readonly served = new Heap<Flow<T>>(tagOf, isLessServed, (flow, index) => (flow.index = index));
  private readonly turns = new TenantTurns<T>();
  /** Tasks that are not overdue, and those that are and may be lifted. */
  private readonly ageing = new Heap<Waiting<T>>(ageKey, isOlder, tellAge);
  private readonly lifting = new Heap<Waiting<T>>(ageKey, isOlder, tellAge);
  /** Out of this cycle: nothing of theirs finds room. */
  private readonly aside: Flow<T>[] = [];
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
    share: FairShare | undefined,
  ) {
    invariant((limits.liftAfterMs ?? Infinity) >= limits.maxWaitMs, 'a task is lifted after its maximum wait');
    if (share === undefined) return;
    this.virtual = share.virtualGpuSeconds;
    for (const [tenantId, tag] of Object.entries(share.tenants))
      Object.assign(this.flowOf(tenantId), { tag, stands: true });
  }

  /** `returns`: the task only sat a cycle out, so its tenant stands where it stood. */
  add(task: T, shape: ShapeState, returns = false): Waiting<T> {
    const flow = this.flowOf(task.tenantId);
    if (flow.waiting === 0 && !returns && !flow.stands) flow.tag = Math.max(flow.tag, this.virtual);
    flow.stands = false;
    const lane = this.laneOf(flow, shape);
    const waiting = lane.add(task);
    count(lane, 1);
    flow.waiting += 1;
    this.ageing.push(waiting);
    if (flow.waiting === 1) this.enter(flow);
    else this.turns.changed(flow);
    return waiting;
  }

  remove(waiting: Waiting<T>): void {
    const { lane } = waiting;
    const flow = lane.flow;
    lane.remove(waiting);
    count(lane, -1);
    flow.waiting -= 1;
    if (flow.waiting === 0) this.withdraw(flow);
    else this.turns.changed(flow);
    if (waiting.ageIndex >= 0) (waiting.overdue ? this.lifting : this.ageing).removeAt(waiting.ageIndex);
  }

  /** Takes it out and charges its tenant. */
  take(waiting: Waiting<T>): void {
    const flow = waiting.lane.flow;
    this.virtual = Math.max(this.virtual, flow.tag);
    flow.tag += waiting.task.gpuSeconds / flow.weight;
    if (flow.index >= 0) this.served.moveAt(flow.index);
    this.turns.served(flow);
    this.remove(waiting);
  }

  /** A new cycle: who was set aside is back, and tasks have grown older. */
  begin(now: Instant): void {
    for (const flow of this.aside) if (flow.waiting > 0 && flow.index < 0) this.enter(flow);
    this.aside.length = 0;
    this.turns.begin();
    if (this.flows.size + this.lanes > 2 * (this.flowsKept + this.lanesKept) + IDLE_KEPT) this.forget();
    for (const waiting of drain(this.ageing, now - this.limits.maxWaitMs)) {
      waiting.lane.markOverdue(waiting);
      if (this.limits.liftAfterMs !== undefined) this.lifting.push(waiting);
    }
  }

  /** The task waits here. */
  has({ task, lane, gone }: Waiting<T>): boolean {
    return !gone && this.flows.get(task.tenantId) === lane.flow;
  }

  /** Tasks that are to be served with the class above. */
  lifted(now: Instant): Generator<Waiting<T>> {
    return drain(this.lifting, now - (this.limits.liftAfterMs ?? 0));
  }

  /** The task to serve next, or undefined when nothing that waits may find room. */
  next(): Waiting<T> | undefined {
    if (!this.contests.hasOpenWork()) return undefined;
    const floor = this.leastServed();
    if (floor === undefined) return undefined;
    return this.turns.best(floor.tag + this.slackGpuSeconds);
  }

  /** Nothing of this tenant and shape is served until `openLanes`. */
  closeLane(lane: TenantLane<T>): void {
    if (lane.closed) return;
    count(lane, -lane.size);
    lane.closed = true;
    lane.flow.closedLanes += 1;
    this.turns.changed(lane.flow);
  }

  /** The tenant's closed lanes are open again. */
  openLanes(tenantId: string, mayStart?: (task: T) => boolean): void {
    const flow = this.flows.get(tenantId);
    if (flow === undefined || flow.closedLanes === 0) return;
    for (const lane of flow.laneList) {
      if (!lane.closed || (lane.head !== undefined && mayStart?.(lane.head.task) === false)) continue;
      lane.closed = false;
      flow.closedLanes -= 1;
      count(lane, lane.size);
    }
    this.turns.changed(flow);
  }

  /** Shapes of which there are lanes. */
  shapeNames(): Iterable<string> {
    return this.contests.names();
  }

  share(): FairShare {
    const tenants: Record<string, number> = {};
    for (const { tenantId, tag, waiting } of this.flows.values()) {
      if (tag > this.virtual || (waiting > 0 && tag < this.virtual)) tenants[tenantId] = tag;
    }
    return { priority: this.priority, pool: this.pool, virtualGpuSeconds: this.virtual, tenants };
  }

  /** Corrects what the tenant was charged for a task by what it took. */
  charge(tenantId: string, gpuSeconds: number): void {
    const flow = this.flowOf(tenantId);
    flow.tag += gpuSeconds / flow.weight;
    if (flow.index >= 0) this.served.moveAt(flow.index);
    this.turns.charged(flow);
  }

  private leastServed(): Flow<T> | undefined {
    for (let flow = this.served.peek(); flow !== undefined; flow = this.served.peek()) {
      if (this.hasOpenLane(flow)) return flow;
      this.served.pop();
      this.aside.push(flow);
    }
    return undefined;
  }

  private hasOpenLane(flow: Flow<T>): boolean {
    const { laneList } = flow;
    for (let at = 0; at < laneList.length; at++) {
      const { head, closed, contest } = laneList[at] as TenantLane<T>;
      if (head !== undefined && !closed && contest.shape.open) return true;
    }
    return false;
  }

  private enter(flow: Flow<T>): void {
    if (flow.index < 0) this.served.push(flow);
    this.turns.enter(flow);
  }

  private withdraw(flow: Flow<T>): void {
    this.turns.withdraw(flow);
    if (flow.index >= 0) this.served.removeAt(flow.index);
  }

  private flowOf(tenantId: string): Flow<T> {
    const known = this.flows.get(tenantId);
    if (known !== undefined) return known;
    const weight = this.weightOf(tenantId);
    invariant(weight > 0, `tenant ${tenantId} has a weight above 0`);
    const flow: Flow<T> = {
      tenantId,
      weight,
      lanes: new Map(),
      laneList: [],
      laneKeys: [],
      closedLanes: 0,
      tag: this.virtual,
      waiting: 0,
      stands: false,
      competes: false,
      idle: false,
      best: undefined,
      bestKey: Infinity,
      bestSetup: 0,
      index: -1,
      turnIndex: -1,
      laterIndex: -1,
    };
    this.flows.set(tenantId, flow);
    return flow;
  }

  private laneOf(flow: Flow<T>, shape: ShapeState): TenantLane<T> {
    const known = flow.lanes.get(shape.name);
    if (known !== undefined) return known;
    const lane = new TenantLane<T>(flow, this.contests.of(shape));
    flow.lanes.set(shape.name, lane);
    append(flow, lane);
    this.lanes += 1;
    return lane;
  }

  /** Drops the tenants without work that would begin at the virtual time anyhow, and lanes that are empty. */
  private forget(): void {
    const shapes = new Set<string>();
    this.lanes = 0;
    for (const flow of this.flows.values()) {
      for (const lane of flow.lanes.values()) {
        if (lane.size === 0 && !lane.closed) flow.lanes.delete(lane.contest.shape.name);
        else shapes.add(lane.contest.shape.name);
      }
      flow.laneList = [];
      flow.laneKeys = [];
      for (const lane of flow.lanes.values()) append(flow, lane);
      this.lanes += flow.lanes.size;
      if (flow.lanes.size === 0 && flow.tag <= this.virtual) this.flows.delete(flow.tenantId);
    }
    this.contests.keep(shapes);
    this.lanesKept = this.lanes;
    this.flowsKept = this.flows.size;
  }
}

function append<T extends QueuedTask>(flow: Flow<T>, lane: TenantLane<T>): void {
  lane.position = flow.laneList.length;
  flow.laneList.push(lane);
  flow.laneKeys.push(lane.headKey);
}

/** Takes out the tasks requested before `before`, the oldest first. */
function* drain<T extends QueuedTask>(heap: Heap<Waiting<T>>, before: Instant): Generator<Waiting<T>> {
  for (let top = topOf(heap); top !== undefined && top.task.requestedAt < before; top = topOf(heap)) {
    heap.pop();
    yield top;
  }
}
