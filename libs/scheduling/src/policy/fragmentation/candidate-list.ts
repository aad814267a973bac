import { widened } from '../widened.js';
import type { ClusterCapacity } from './cluster-capacity.js';

/** Candidates of equal cost that are compared by node index; a tie among more of them is decided among the first ones. */
const TIES_LIMIT = 256;

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
  /** Where the shape is in the heap, plus one; 0: it is not. */
  private place: Int32Array;
  private heap: Int32Array;
  private size = 0;
  private readonly ties = new Int32Array(TIES_LIMIT);

  constructor(capacity: ClusterCapacity) {
    const room = capacity.shapes.room;
    this.capacity = capacity;
    this.cost = new Float64Array(room);
    this.choice = new Int16Array(room);
    this.known = new Uint32Array(room);
    this.place = new Int32Array(room);
    this.heap = new Int32Array(room);
  }

  /** Forgets every cost. */
  clear(): void {
    this.known.fill(0);
    this.place.fill(0);
    this.size = 0;
    this.seenNews = -1;
  }

  isKnown(shape: number): boolean {
    this.makeRoom();
    return this.known[shape] === (this.capacity.shapes.generation[shape] ?? 0) + 1;
  }

  /** Remembers what placing the class on the shape costs, and with which GPU; `choice` -1: it does not fit. */
  learn(shape: number, cost: number, choice: number): void {
    const place = this.place[shape] ?? 0;
    if (place > 0) this.removeAt(place - 1);
    this.known[shape] = (this.capacity.shapes.generation[shape] ?? 0) + 1;
    this.cost[shape] = cost;
    this.choice[shape] = choice;
  }

  /** The shape takes part from now on, if the class fits it. */
  add(shape: number): void {
    if ((this.place[shape] ?? 0) > 0 || (this.choice[shape] ?? -1) < 0) return;
    this.heap[this.size] = shape;
    this.size += 1;
    this.rise(this.size - 1);
  }

  /** The live shape of least cost, the one with the lowest node among equals; -1 without one. */
  best(): number {
    let ties = this.collectTies();
    while (this.dropDead(ties) > 0) ties = this.collectTies();
    let best = -1;
    let bestNode = -1;
    for (let tie = 0; tie < ties; tie++) {
      const shape = this.heap[this.ties[tie] ?? 0] ?? -1;
      const node = this.capacity.firstNode(shape);
      if (best !== -1 && node > bestNode) continue;
      best = shape;
      bestNode = node;
    }
    return best;
  }

  choiceOf(shape: number): number {
    return this.choice[shape] ?? -1;
  }

  costOf(shape: number): number {
    return this.cost[shape] ?? 0;
  }

  /** Positions of the entries of least cost, in ascending order; returns how many. */
  private collectTies(): number {
    if (this.size === 0) return 0;
    const least = this.costAt(0);
    let found = 1;
    this.ties[0] = 0;
    for (let tie = 0; tie < found; tie++) {
      const left = 2 * (this.ties[tie] ?? 0) + 1;
      for (let child = left; child <= left + 1 && child < this.size && found < TIES_LIMIT; child++) {
        if (this.costAt(child) !== least) continue;
        this.ties[found] = child;
        found += 1;
      }
    }
    return found;
  }

  /** Drops the entries among these whose shape has no node, last first: what moves up is no cheaper than they were. */
  private dropDead(ties: number): number {
    let dropped = 0;
    for (let tie = ties - 1; tie >= 0; tie--) {
      const at = this.ties[tie] ?? 0;
      if ((this.capacity.shapes.nodeCount[this.heap[at] ?? 0] ?? 0) > 0) continue;
      this.removeAt(at);
      dropped += 1;
    }
    return dropped;
  }

  private costAt(at: number): number {
    return this.cost[this.heap[at] ?? 0] ?? 0;
  }

  private removeAt(at: number): void {
    this.place[this.heap[at] ?? 0] = 0;
    this.size -= 1;
    if (at === this.size) return;
    this.heap[at] = this.heap[this.size] ?? 0;
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
      this.put(at, this.heap[parent] ?? 0);
      at = parent;
    }
    this.put(at, shape);
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
      this.put(at, this.heap[child] ?? 0);
      at = child;
    }
    this.put(at, shape);
  }

  private put(at: number, shape: number): void {
    this.heap[at] = shape;
    this.place[shape] = at + 1;
  }

  private makeRoom(): void {
    const room = this.capacity.shapes.room;
    if (room === this.cost.length) return;
    this.cost = widened(this.cost, new Float64Array(room));
    this.choice = widened(this.choice, new Int16Array(room));
    this.known = widened(this.known, new Uint32Array(room));
    this.place = widened(this.place, new Int32Array(room));
    this.heap = widened(this.heap, new Int32Array(room));
  }
}
