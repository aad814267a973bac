import { invariant } from '@millrace/kernel';
import { widened } from '../widened.js';
import { HeapArena } from './heap-arena.js';
import type { LaneTable } from './lane-table.js';
import type { QueuedTask } from './ordering-policy.js';
import { LANES_LIMIT, type WaitingTasks } from './waiting-tasks.js';

/** Below this many, dropping the dead is not worth a pass over the heap. */
const DEAD_KEPT = 64;

/**
 * The lanes of a queue, by number: the tasks of one tenant and one shape, shortest first, past the maximum wait oldest
 * first. The head of each is told to the table that the tenants' order goes by.
 */
export class TenantLanes<T extends QueuedTask> {
  private readonly shortest: HeapArena;
  private readonly overdue: HeapArena;
  private tenants = new Int32Array(16);
  private shapes = new Int32Array(16);
  private places = new Int32Array(16);
  private sizes = new Int32Array(16);
  private heads = new Int32Array(16);
  /** Nothing of it may be served until it is opened again: the tenant is at its quota for tasks of this shape. */
  private closed = new Uint8Array(16);
  private count = 0;
  private readonly free: number[] = [];

  constructor(
    private readonly tasks: WaitingTasks<T>,
    private readonly table: LaneTable,
  ) {
    this.shortest = new HeapArena(tasks.isOlder);
    this.overdue = new HeapArena(tasks.isOlder);
  }

  /** A new lane; its number. */
  open(tenant: number, shape: number): number {
    const lane = this.free.pop() ?? this.count++;
    invariant(lane < LANES_LIMIT, `a queue has fewer than ${LANES_LIMIT} lanes`);
    if (lane === this.sizes.length) this.grow();
    this.tenants[lane] = tenant;
    this.shapes[lane] = shape;
    this.sizes[lane] = 0;
    this.heads[lane] = -1;
    this.closed[lane] = 0;
    this.places[lane] = this.table.append(tenant, lane, shape);
    return lane;
  }

  /** The table of its tenant was cleared: it enters it again. */
  enterTable(lane: number): void {
    this.places[lane] = this.table.append(this.tenantOf(lane), lane, this.shapeOf(lane));
    this.refresh(lane);
  }

  /** It is empty and open, and is wanted no more. */
  forget(lane: number): void {
    this.free.push(lane);
  }

  tenantOf(lane: number): number {
    return this.tenants[lane] as number;
  }

  shapeOf(lane: number): number {
    return this.shapes[lane] as number;
  }

  /** Tasks that wait in it. */
  sizeOf(lane: number): number {
    return this.sizes[lane] as number;
  }

  /** The task it would give next, -1 without one. */
  headOf(lane: number): number {
    return this.heads[lane] as number;
  }

  isClosed(lane: number): boolean {
    return this.closed[lane] === 1;
  }

  setClosed(lane: number, closed: boolean): void {
    this.closed[lane] = closed ? 1 : 0;
    this.refresh(lane);
  }

  add(lane: number, number: number): void {
    this.tasks.hold(number);
    this.shortest.push(lane, number, this.tasks.gpuSeconds[number] as number);
    this.sizes[lane] = this.sizeOf(lane) + 1;
    this.refresh(lane);
  }

  /** Marks it: it is out of the lane, and soon out of its heaps. */
  remove(lane: number, number: number): void {
    const { tasks, shortest } = this;
    tasks.markGone(number);
    const size = this.sizeOf(lane) - 1;
    this.sizes[lane] = size;
    if (number === this.heads[lane]) this.refresh(lane);
    if (shortest.sizeOf(lane) > 2 * size + DEAD_KEPT) shortest.retain(lane, (kept) => tasks.keeps(kept));
  }

  markOverdue(lane: number, number: number): void {
    this.tasks.hold(number);
    this.overdue.push(lane, number, this.tasks.requestedAt[number] as number);
    this.refresh(lane);
  }

  private refresh(lane: number): void {
    const late = this.topOf(this.overdue, lane);
    const head = late === -1 ? this.topOf(this.shortest, lane) : late;
    const key = late === -1 ? this.shortest.topKeyOf(lane) : -1;
    this.heads[lane] = head;
    this.table.tell(this.tenantOf(lane), this.places[lane] as number, head, this.isClosed(lane) ? Infinity : key);
  }

  /** The first that is still there, -1 without one; what is gone is dropped on the way. */
  private topOf(heap: HeapArena, lane: number): number {
    for (let top = heap.topOf(lane); top !== -1; top = heap.topOf(lane)) {
      if (this.tasks.keeps(top)) return top;
      heap.pop(lane);
    }
    return -1;
  }

  private grow(): void {
    const room = 2 * this.sizes.length;
    this.tenants = widened(this.tenants, new Int32Array(room));
    this.shapes = widened(this.shapes, new Int32Array(room));
    this.places = widened(this.places, new Int32Array(room));
    this.sizes = widened(this.sizes, new Int32Array(room));
    this.heads = widened(this.heads, new Int32Array(room));
    this.closed = widened(this.closed, new Uint8Array(room));
  }
}
