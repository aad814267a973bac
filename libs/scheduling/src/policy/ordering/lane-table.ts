const ROOM_MIN = 8;

/**
 * The lanes of one tenant, one a shape, as far as their order goes: flat, since it is looked through for each task that the
 * tenant is served.
 */
export class LaneTable {
  /** Of the first task of all that may find room (`rank`): its number, -1 without one; its key; its shape. */
  best = -1;
  bestKey = Infinity;
  bestShape = -1;
  private count = 0;
  /** First part of the order: below 0 where the head is overdue, else its length; Infinity where nothing may be served. */
  private keys = new Float64Array(ROOM_MIN);
  private heads = new Int32Array(ROOM_MIN);
  private shapes = new Int32Array(ROOM_MIN);

  constructor(private readonly isOlder: (a: number, b: number) => boolean) {}

  /** Another lane, with nothing in it yet; returns its place. */
  append(shape: number): number {
    if (this.count === this.keys.length) this.grow();
    this.keys[this.count] = Infinity;
    this.shapes[this.count] = shape;
    this.count += 1;
    return this.count - 1;
  }

  /** No lanes any more: those that are kept are appended again. */
  clear(): void {
    this.count = 0;
    this.best = -1;
    this.bestKey = Infinity;
  }

  tell(place: number, head: number, key: number): void {
    this.heads[place] = head;
    this.keys[place] = key;
  }

  /** Whether a lane has something that may find room; `costs`: by shape, Infinity where nothing of it may. */
  hasOpen(costs: Float64Array): boolean {
    const { keys, shapes, count } = this;
    for (let at = 0; at < count; at++) {
      if (keys[at] !== Infinity && costs[shapes[at] as number] !== Infinity) return true;
    }
    return false;
  }

  /**
   * Finds the first task that may find room: overdue ones by age; then by length and what it takes to get ready for the
   * shape, which is summed before it is compared: in another order equal sums would not be equal in floating point.
   */
  rank(costs: Float64Array): void {
    const { keys, heads, shapes, count } = this;
    let best = -1;
    let least = Infinity;
    let shapeOfBest = -1;
    for (let at = 0; at < count; at++) {
      const key = keys[at] as number;
      const shape = shapes[at] as number;
      const cost = costs[shape] as number;
      if (key > least || cost === Infinity) continue;
      // What is overdue has a key below 0 and costs nothing to get ready for: it comes before all that is not.
      const sum = key < 0 ? key : key + cost;
      if (sum > least || sum === Infinity) continue;
      const head = heads[at] as number;
      if (sum === least && !this.isOlder(head, best)) continue;
      best = head;
      least = sum;
      shapeOfBest = shape;
    }
    this.best = best;
    this.bestKey = least;
    this.bestShape = shapeOfBest;
  }

  private grow(): void {
    const room = 2 * this.keys.length;
    const keys = new Float64Array(room);
    keys.set(this.keys);
    this.keys = keys;
    this.heads = widened(this.heads, room);
    this.shapes = widened(this.shapes, room);
  }
}

function widened(from: Int32Array, room: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(room);
  to.set(from);
  return to;
}
