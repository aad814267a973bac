import { widened } from '../widened.js';

/** Entries that a heap has room for when it is made; it doubles when it is full. */
const ROOM_MIN = 8;
/** Entries under each: with four, half as many steps lead to the top as with two, over entries that lie side by side. */
export const HEAP_ARITY = 4;

/**
 * A heap of small whole numbers (places in flat arrays), the lowest key first, equal keys by `isBefore`. Numbers and
 * keys lie side by side in typed arrays: the order of service goes through such a heap several times for each decision,
 * and the kernel's heap of objects would touch an object at each step. `tracked`: it knows where each number stands, so
 * that one can be moved or taken out from the middle; without it, numbers may be in it more than once.
 */
export class NumberHeap {
  private numbers = new Int32Array(ROOM_MIN);
  private keys = new Float64Array(ROOM_MIN);
  /** By number, its place plus one; 0: it is not in the heap. */
  private places: Int32Array | null;
  private count = 0;

  constructor(
    private readonly isBefore: (a: number, b: number) => boolean,
    tracked: boolean,
  ) {
    this.places = tracked ? new Int32Array(ROOM_MIN) : null;
  }

  get size(): number {
    return this.count;
  }

  /** The first number, -1 without one. */
  get top(): number {
    return this.count === 0 ? -1 : (this.numbers[0] as number);
  }

  /** The key of the first; Infinity without one. */
  get topKey(): number {
    return this.count === 0 ? Infinity : (this.keys[0] as number);
  }

  has(number: number): boolean {
    return this.places !== null && number < this.places.length && this.places[number] !== 0;
  }

  /** Puts it in with this key, or gives it this key, in a tracked heap. */
  put(number: number, key: number): void {
    if (this.has(number)) this.move(number, key);
    else this.push(number, key);
  }

  push(number: number, key: number): void {
    if (this.count === this.numbers.length) this.grow();
    if (this.places !== null && number >= this.places.length)
      this.places = widened(this.places, new Int32Array(Math.max(2 * this.places.length, number + 1)));
    this.count += 1;
    this.rise(this.count - 1, number, key);
  }

  /** Takes out the first; -1 without one. */
  pop(): number {
    const first = this.top;
    if (first !== -1) this.removeAt(0);
    return first;
  }

  /** Takes it out, if it is in a tracked heap. */
  remove(number: number): void {
    if (this.has(number)) this.removeAt((this.places?.[number] as number) - 1);
  }

  /** Gives it another key, if it is in a tracked heap. */
  move(number: number, key: number): void {
    if (this.has(number)) this.settle((this.places?.[number] as number) - 1, number, key);
  }

  /** Drops what `keep` refuses, and asks `keyOf` for all keys anew; O(n). */
  retain(keep: (number: number) => boolean, keyOf: (number: number) => number): void {
    const { numbers, places } = this;
    const before = this.count;
    this.count = 0;
    for (let at = 0; at < before; at++) {
      const number = numbers[at] as number;
      if (keep(number)) this.place(this.count++, number, keyOf(number));
      else if (places !== null) places[number] = 0;
    }
    for (let at = Math.floor((this.count - 2) / HEAP_ARITY); at >= 0; at--) {
      this.sink(at, numbers[at] as number, this.keys[at] as number);
    }
  }

  private removeAt(at: number): void {
    const { numbers, keys, places } = this;
    if (places !== null) places[numbers[at] as number] = 0;
    this.count -= 1;
    if (at < this.count) this.settle(at, numbers[this.count] as number, keys[this.count] as number);
  }

  private settle(at: number, number: number, key: number): void {
    if (at > 0 && this.precedes(number, key, ((at - 1) / HEAP_ARITY) | 0)) this.rise(at, number, key);
    else this.sink(at, number, key);
  }

  private rise(from: number, number: number, key: number): void {
    const { numbers, keys } = this;
    let at = from;
    while (at > 0) {
      const up = ((at - 1) / HEAP_ARITY) | 0;
      if (!this.precedes(number, key, up)) break;
      this.place(at, numbers[up] as number, keys[up] as number);
      at = up;
    }
    this.place(at, number, key);
  }

  private sink(from: number, number: number, key: number): void {
    const { numbers, keys, count } = this;
    let at = from;
    for (let child = HEAP_ARITY * at + 1; child < count; child = HEAP_ARITY * at + 1) {
      const end = Math.min(child + HEAP_ARITY, count);
      let first = child;
      for (let other = child + 1; other < end; other++) {
        if (this.precedes(numbers[other] as number, keys[other] as number, first)) first = other;
      }
      if (this.precedes(number, key, first)) break;
      this.place(at, numbers[first] as number, keys[first] as number);
      at = first;
    }
    this.place(at, number, key);
  }

  /** Whether this entry goes before the one that stands there. */
  private precedes(number: number, key: number, at: number): boolean {
    const other = this.keys[at] as number;
    return key < other || (key === other && this.isBefore(number, this.numbers[at] as number));
  }

  private place(at: number, number: number, key: number): void {
    this.numbers[at] = number;
    this.keys[at] = key;
    if (this.places !== null) this.places[number] = at + 1;
  }

  private grow(): void {
    const room = Math.max(2 * this.numbers.length, this.count + 1);
    this.numbers = widened(this.numbers, new Int32Array(room));
    this.keys = widened(this.keys, new Float64Array(room));
  }
}
