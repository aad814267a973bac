/**
 * A binary heap over a total order. `keyOf` is the first part of that order, lowest first: keys lie side by side, so that
 * most comparisons touch no item. With `moved`, each item is told where it stands (-1 once it is out), so that it can be
 * moved or taken out from the middle.
 */
export class Heap<T> {
  private readonly items: T[] = [];
  private readonly keys: number[] = [];

  constructor(
    private readonly keyOf: (item: T) => number,
    private readonly isBefore: (a: T, b: T) => boolean,
    private readonly moved?: (item: T, index: number) => void,
  ) {}

  get size(): number {
    return this.items.length;
  }

  /** First part of the order of the first; Infinity without one. */
  get leastKey(): number {
    return this.keys.length === 0 ? Infinity : (this.keys[0] as number);
  }

  peek(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    this.items.push(item);
    this.keys.push(0);
    this.rise(this.items.length - 1, item, this.keyOf(item));
  }

  pop(): T | undefined {
    const first = this.items[0];
    if (first !== undefined) this.removeAt(0);
    return first;
  }

  removeAt(index: number): void {
    const gone = this.items[index];
    const last = this.items.pop();
    const key = this.keys.pop();
    if (gone === undefined || last === undefined || key === undefined) return;
    this.moved?.(gone, -1);
    if (gone !== last) this.settle(index, last, key);
  }

  /** After the item's key has changed. */
  moveAt(index: number): void {
    const item = this.items[index];
    if (item !== undefined) this.settle(index, item, this.keyOf(item));
  }

  /** Drops what `keep` refuses, and asks for all keys anew; O(n). */
  retain(keep: (item: T) => boolean): void {
    const { items, keys, keyOf } = this;
    let kept = 0;
    for (let index = 0; index < items.length; index++) {
      const item = items[index] as T;
      if (keep(item)) this.put(kept++, item, keyOf(item));
      else this.moved?.(item, -1);
    }
    items.length = kept;
    keys.length = kept;
    for (let index = (kept >> 1) - 1; index >= 0; index--) this.sink(index, items[index] as T, keys[index] as number);
  }

  private settle(index: number, item: T, key: number): void {
    const up = (index - 1) >> 1;
    const upKey = index === 0 ? -Infinity : (this.keys[up] as number);
    const rises = key < upKey || (index > 0 && key === upKey && this.isBefore(item, this.items[up] as T));
    if (rises) this.rise(index, item, key);
    else this.sink(index, item, key);
  }

  private rise(from: number, item: T, key: number): void {
    let index = from;
    while (index > 0) {
      const up = (index - 1) >> 1;
      const upKey = this.keys[up] as number;
      if (key > upKey || (key === upKey && !this.isBefore(item, this.items[up] as T))) break;
      this.put(index, this.items[up] as T, upKey);
      index = up;
    }
    this.put(index, item, key);
  }

  private sink(from: number, item: T, key: number): void {
    const { items, keys } = this;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.precedes(child + 1, child)) child += 1;
      const childKey = keys[child] as number;
      if (childKey > key || (childKey === key && !this.isBefore(items[child] as T, item))) break;
      this.put(index, items[child] as T, childKey);
      index = child;
    }
    this.put(index, item, key);
  }

  private precedes(a: number, b: number): boolean {
    const keyA = this.keys[a] as number;
    const keyB = this.keys[b] as number;
    return keyA < keyB || (keyA === keyB && this.isBefore(this.items[a] as T, this.items[b] as T));
  }

  private put(index: number, item: T, key: number): void {
    this.items[index] = item;
    this.keys[index] = key;
    this.moved?.(item, index);
  }
}
