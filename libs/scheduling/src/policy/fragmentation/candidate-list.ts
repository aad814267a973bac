import type { ClusterCapacity } from './cluster-capacity.js';

/** Candidates of equal cost that are compared by node index; a tie among more of them is decided among the first ones. */
export const TIES_LIMIT = 256;

/**
 * Shapes that one task class fits, as a binary heap by cost. Entries whose shape has no node any more are dropped when
 * they reach the top. What was computed for a shape is remembered under (shape, generation).
 */
export class CandidateList {
  /** News of the cluster seen so far. */
  seenNews = -1;
  /** Version of the potential that the costs were computed with. */
  version = -1;
  private readonly capacity: ClusterCapacity;
  private cost: Float64Array;
  /** Free thousandths of the GPU that a placement uses; -1: the class does not fit. */
  private choice: Int16Array;
  /** Generation of the shape that a cost belongs to, plus one; 0: none. */
  private known: Uint32Array;
  private position: Uint8Array;
  private heap: Int32Array;
  private size = 0;
  private readonly ties = new Int32Array(TIES_LIMIT);

  constructor(capacity: ClusterCapacity) {
    const room = capacity.shapes.room;
    this.capacity = capacity;
    this.cost = new Float64Array(room);
    this.choice = new Int16Array(room);
    this.known = new Uint32Array(room);
    this.position = new Uint8Array(room);
    this.heap = new Int32Array(room);
  }

  /** Forgets every cost. */
  clear(): void {
    this.known.fill(0);
    this.position.fill(0);
    this.size = 0;
    this.seenNews = -1;
  }

  isKnown(shape: number): boolean {
    this.makeRoom();
    return this.known[shape] === (this.capacity.shapes.generation[shape] ?? 0) + 1;
  }

  /** Remembers what placing the class on the shape costs, and with which GPU; `choice` -1: it does not fit. */
  learn(shape: number, cost: number, choice: number): void {
    if (this.position[shape] === 1) this.discard(shape);
    this.known[shape] = (this.capacity.shapes.generation[shape] ?? 0) + 1;
    this.cost[shape] = cost;
    this.choice[shape] = choice;
  }

  /** The shape takes part from now on, if the class fits it. */
  add(shape: number): void {
    if (this.position[shape] === 1 || (this.choice[shape] ?? -1) < 0) return;
    this.position[shape] = 1;
    this.heap[this.size] = shape;
    this.size += 1;
    this.rise(this.size - 1);
  }

  /** The live shape of least cost, the one with the lowest node among equals; -1 without one. */
  best(): number {
    for (; this.size > 0; this.removeTop()) {
      if ((this.capacity.shapes.nodeCount[this.heap[0] ?? 0] ?? 0) > 0) return this.lowestNodeAmongEqual();
    }
    return -1;
  }

  choiceOf(shape: number): number {
    return this.choice[shape] ?? -1;
  }

  costOf(shape: number): number {
    return this.cost[shape] ?? 0;
  }

  private lowestNodeAmongEqual(): number {
    const least = this.costAt(0);
    let best = this.heap[0] ?? -1;
    let bestNode = this.capacity.firstNode(best);
    let found = 1;
    this.ties[0] = 0;
    for (let at = 0; at < found; at++) {
      const left = 2 * (this.ties[at] ?? 0) + 1;
      for (let child = left; child <= left + 1 && child < this.size; child++) {
        if (this.costAt(child) !== least || found === TIES_LIMIT) continue;
        this.ties[found] = child;
        found += 1;
        const node = this.capacity.firstNode(this.heap[child] ?? -1);
        if (node === -1 || node >= bestNode) continue;
        best = this.heap[child] ?? -1;
        bestNode = node;
      }
    }
    return best;
  }

  private costAt(at: number): number {
    return this.cost[this.heap[at] ?? 0] ?? 0;
  }

  private removeTop(): void {
    this.position[this.heap[0] ?? 0] = 0;
    this.size -= 1;
    this.heap[0] = this.heap[this.size] ?? 0;
    this.sink(0);
  }

  /** The id now means another shape than the one in the heap. */
  private discard(shape: number): void {
    const at = this.heap.subarray(0, this.size).indexOf(shape);
    this.position[shape] = 0;
    this.size -= 1;
    this.heap[at] = this.heap[this.size] ?? 0;
    if (at === this.size) return;
    this.rise(at);
    this.sink(at);
  }

  private rise(from: number): void {
    const shape = this.heap[from] ?? 0;
    const cost = this.cost[shape] ?? 0;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.costAt(parent) <= cost) break;
      this.heap[at] = this.heap[parent] ?? 0;
      at = parent;
    }
    this.heap[at] = shape;
  }

  private sink(from: number): void {
    const shape = this.heap[from] ?? 0;
    const cost = this.cost[shape] ?? 0;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.costAt(child + 1) < this.costAt(child)) child += 1;
      if (this.costAt(child) >= cost) break;
      this.heap[at] = this.heap[child] ?? 0;
      at = child;
    }
    this.heap[at] = shape;
  }

  private makeRoom(): void {
    const room = this.capacity.shapes.room;
    if (room === this.cost.length) return;
    this.cost = widened(this.cost, new Float64Array(room));
    this.choice = widened(this.choice, new Int16Array(room));
    this.known = widened(this.known, new Uint32Array(room));
    this.position = widened(this.position, new Uint8Array(room));
    this.heap = widened(this.heap, new Int32Array(room));
  }
}

function widened<A extends Float64Array | Int16Array | Uint8Array | Int32Array | Uint32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
