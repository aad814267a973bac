import { widened } from '../widened.js';

const ROW_ROOM_MIN = 4;

/**
 * The lanes of each tenant of a queue, one a shape, as far as their order goes: a row a tenant, side by side in flat arrays,
 * since all of them are looked through in each cycle, and a tenant's own for each task that it is served.
 */
export class LaneTable {
  /** By tenant: virtual start of its next task, GPU-seconds per unit of weight. */
  tag = new Float64Array(16);
  /** By tenant, of its first task of all that may find room (`rank`): its number, -1 without one; its key; its shape. */
  best = new Int32Array(16);
  bestKey = new Float64Array(16);
  bestShape = new Int32Array(16);
  private starts = new Int32Array(16);
  private counts = new Int32Array(16);
  private rooms = new Int32Array(16);
  /** By cell. First part of the order: below 0 where the head is overdue, else its length; Infinity: nothing is served. */
  private keys = new Float64Array(64);
  private shapes = new Int32Array(64);
  private heads = new Int32Array(64);
  private lanes = new Int32Array(64);
  private end = 0;

  constructor(private readonly isOlder: (a: number, b: number) => boolean) {}

  /** There are so many tenants. */
  makeRoom(tenants: number): void {
    if (tenants > this.counts.length) this.growRows(Math.max(2 * this.counts.length, tenants));
  }

  /** Another lane of the tenant, with nothing in it yet; returns its place in the row. */
  append(tenant: number, lane: number, shape: number): number {
    const count = this.counts[tenant] as number;
    if (count === this.rooms[tenant]) this.widen(tenant, count);
    const cell = (this.starts[tenant] as number) + count;
    this.keys[cell] = Infinity;
    this.shapes[cell] = shape;
    this.lanes[cell] = lane;
    this.counts[tenant] = count + 1;
    return count;
  }

  /** No lanes any more: those that are kept are appended again. */
  clear(tenant: number): void {
    this.counts[tenant] = 0;
  }

  lanesOf(tenant: number): number {
    return this.counts[tenant] as number;
  }

  laneAt(tenant: number, place: number): number {
    return this.lanes[(this.starts[tenant] as number) + place] as number;
  }

  tell(tenant: number, place: number, head: number, key: number): void {
    const cell = (this.starts[tenant] as number) + place;
    this.heads[cell] = head;
    this.keys[cell] = key;
  }

  /** Whether a lane has something that may find room; `costs`: by shape, Infinity where nothing of it may. */
  hasOpen(tenant: number, costs: Float64Array): boolean {
    const { keys, shapes } = this;
    const end = (this.starts[tenant] as number) + (this.counts[tenant] as number);
    for (let cell = this.starts[tenant] as number; cell < end; cell++) {
      if (keys[cell] !== Infinity && costs[shapes[cell] as number] !== Infinity) return true;
    }
    return false;
  }

  /**
   * Finds the first task that may find room: overdue ones by age; then by length and what it takes to get ready for the
   * shape, which is summed before it is compared: in another order equal sums would not be equal in floating point.
   */
  rank(tenant: number, costs: Float64Array): void {
    const { keys, shapes } = this;
    const start = this.starts[tenant] as number;
    const end = start + (this.counts[tenant] as number);
    let best = -1;
    let least = Infinity;
    for (let cell = start; cell < end; cell++) {
      const key = keys[cell] as number;
      if (key > least) continue;
      const cost = costs[shapes[cell] as number] as number;
      if (cost === Infinity) continue;
      // What is overdue has a key below 0 and costs nothing to get ready for: it comes before all that is not.
      const sum = key < 0 ? key : key + cost;
      if (sum > least || sum === Infinity) continue;
      if (sum === least && !this.isOlder(this.heads[cell] as number, this.heads[best] as number)) continue;
      best = cell;
      least = sum;
    }
    this.bestKey[tenant] = least;
    this.best[tenant] = best === -1 ? -1 : (this.heads[best] as number);
    this.bestShape[tenant] = best === -1 ? -1 : (shapes[best] as number);
  }

  /** Moves the row, which is full, to the end with twice the room; what it leaves is lost, and as much as all rows at most. */
  private widen(tenant: number, count: number): void {
    const room = Math.max(ROW_ROOM_MIN, 2 * count);
    const start = this.starts[tenant] as number;
    const to = this.end;
    this.end += room;
    if (this.end > this.keys.length) {
      const length = Math.max(2 * this.keys.length, this.end);
      this.keys = widened(this.keys, new Float64Array(length));
      this.shapes = widened(this.shapes, new Int32Array(length));
      this.heads = widened(this.heads, new Int32Array(length));
      this.lanes = widened(this.lanes, new Int32Array(length));
    }
    for (const cells of [this.keys, this.shapes, this.heads, this.lanes]) cells.copyWithin(to, start, start + count);
    this.starts[tenant] = to;
    this.rooms[tenant] = room;
  }

  private growRows(length: number): void {
    this.tag = widened(this.tag, new Float64Array(length));
    this.best = widened(this.best, new Int32Array(length));
    this.bestKey = widened(this.bestKey, new Float64Array(length));
    this.bestShape = widened(this.bestShape, new Int32Array(length));
    this.starts = widened(this.starts, new Int32Array(length));
    this.counts = widened(this.counts, new Int32Array(length));
    this.rooms = widened(this.rooms, new Int32Array(length));
  }
}
