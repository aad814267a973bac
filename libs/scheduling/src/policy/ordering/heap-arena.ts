import { widened } from '../widened.js';
import { HEAP_ARITY } from './number-heap.js';

const ROOM_MIN = 4;

/**
 * Many heaps of small whole numbers in one pair of arrays: the lowest key first, equal keys by `isBefore`. A queue
 * has thousands of short lanes, and each decision looks into another one: as objects of their own they would lie all over
 * the memory. A heap is a number too; it is there once something is pushed. A number may be in a heap more than once.
 */
export class HeapArena {
  private numbers = new Int32Array(64);
  private keys = new Float64Array(64);
  /** By heap: where its entries begin, how many there are, how many there may be. */
  private starts = new Int32Array(16);
  private counts = new Int32Array(16);
  private rooms = new Int32Array(16);
  private end = 0;
  /** Beginnings of blocks that heaps grew out of, by their room. */
  private readonly left = new Map<number, number[]>();

  constructor(private readonly isBefore: (a: number, b: number) => boolean) {}

  sizeOf(heap: number): number {
    return heap < this.counts.length ? (this.counts[heap] as number) : 0;
  }

  /** The first number of the heap, -1 without one. */
  topOf(heap: number): number {
    return this.sizeOf(heap) === 0 ? -1 : (this.numbers[this.starts[heap] as number] as number);
  }

  /** The key of the first; Infinity without one. */
  topKeyOf(heap: number): number {
    return this.sizeOf(heap) === 0 ? Infinity : (this.keys[this.starts[heap] as number] as number);
  }

  push(heap: number, number: number, key: number): void {
    if (heap >= this.counts.length) this.growHeaps(heap);
    const count = this.counts[heap] as number;
    if (count === this.rooms[heap]) this.widen(heap, count);
    this.counts[heap] = count + 1;
    this.rise(this.starts[heap] as number, count, number, key);
  }

  /** Takes out the first; -1 without one. */
  pop(heap: number): number {
    const first = this.topOf(heap);
    if (first === -1) return -1;
    const last = (this.counts[heap] as number) - 1;
    const start = this.starts[heap] as number;
    this.counts[heap] = last;
    if (last > 0) this.sink(start, last, 0, this.numbers[start + last] as number, this.keys[start + last] as number);
    return first;
  }

  /** Drops what `keep` refuses; O(n). */
  retain(heap: number, keep: (number: number) => boolean): void {
    const start = this.starts[heap] as number;
    const before = this.sizeOf(heap);
    let count = 0;
    for (let at = start; at < start + before; at++) {
      const number = this.numbers[at] as number;
      if (!keep(number)) continue;
      this.numbers[start + count] = number;
      this.keys[start + count] = this.keys[at] as number;
      count += 1;
    }
    this.counts[heap] = count;
    for (let at = Math.floor((count - 2) / HEAP_ARITY); at >= 0; at--) {
      this.sink(start, count, at, this.numbers[start + at] as number, this.keys[start + at] as number);
    }
  }

  private rise(start: number, from: number, number: number, key: number): void {
    let at = from;
    while (at > 0) {
      const up = ((at - 1) / HEAP_ARITY) | 0;
      if (!this.precedes(number, key, start + up)) break;
      this.numbers[start + at] = this.numbers[start + up] as number;
      this.keys[start + at] = this.keys[start + up] as number;
      at = up;
    }
    this.numbers[start + at] = number;
    this.keys[start + at] = key;
  }

  private sink(start: number, count: number, from: number, number: number, key: number): void {
    const { numbers, keys } = this;
    let at = from;
    for (let child = HEAP_ARITY * at + 1; child < count; child = HEAP_ARITY * at + 1) {
      const end = start + Math.min(child + HEAP_ARITY, count);
      let first = start + child;
      for (let other = first + 1; other < end; other++) {
        if (this.precedes(numbers[other] as number, keys[other] as number, first)) first = other;
      }
      if (this.precedes(number, key, first)) break;
      numbers[start + at] = numbers[first] as number;
      keys[start + at] = keys[first] as number;
      at = first - start;
    }
    numbers[start + at] = number;
    keys[start + at] = key;
  }

  /** Whether this entry goes before the one that stands there. */
  private precedes(number: number, key: number, at: number): boolean {
    const other = this.keys[at] as number;
    return key < other || (key === other && this.isBefore(number, this.numbers[at] as number));
  }

  /** Moves the heap, which is full, to a block twice as large. */
  private widen(heap: number, count: number): void {
    const room = Math.max(ROOM_MIN, 2 * count);
    const start = this.starts[heap] as number;
    const to = this.left.get(room)?.pop() ?? this.blockAtEnd(room);
    this.numbers.copyWithin(to, start, start + count);
    this.keys.copyWithin(to, start, start + count);
    if (count > 0) {
      const left = this.left.get(count);
      if (left === undefined) this.left.set(count, [start]);
      else left.push(start);
    }
    this.starts[heap] = to;
    this.rooms[heap] = room;
  }

  private blockAtEnd(room: number): number {
    const start = this.end;
    this.end += room;
    if (this.end > this.numbers.length) {
      const length = Math.max(2 * this.numbers.length, this.end);
      this.numbers = widened(this.numbers, new Int32Array(length));
      this.keys = widened(this.keys, new Float64Array(length));
    }
    return start;
  }

  private growHeaps(heap: number): void {
    const length = Math.max(2 * this.counts.length, heap + 1);
    this.starts = widened(this.starts, new Int32Array(length));
    this.counts = widened(this.counts, new Int32Array(length));
    this.rooms = widened(this.rooms, new Int32Array(length));
  }
}
