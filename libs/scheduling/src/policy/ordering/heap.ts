/**
 * A binary heap over a total order. With `moved`, each item is told where it stands (-1 once it is out), so that it can
 * be moved or taken out from the middle.
 */
export class Heap<T> {
  private readonly items: T[] = [];

  constructor(
    private readonly isBefore: (a: T, b: T) => boolean,
    private readonly moved?: (item: T, index: number) => void,
  ) {}

  get size(): number {
    return this.items.length;
  }

  peek(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    this.items.push(item);
    this.rise(this.items.length - 1, item);
  }

  pop(): T | undefined {
    const first = this.items[0];
    if (first !== undefined) this.removeAt(0);
    return first;
  }

  removeAt(index: number): void {
    const gone = this.items[index];
    const last = this.items.pop();
    if (gone === undefined || last === undefined) return;
    this.moved?.(gone, -1);
    if (gone !== last) this.settle(index, last);
  }

  /** After the item's key has changed. */
  moveAt(index: number): void {
    const item = this.items[index];
    if (item !== undefined) this.settle(index, item);
  }

  /** Drops what `keep` refuses; O(n). */
  retain(keep: (item: T) => boolean): void {
    const kept = this.items.filter(keep);
    this.items.length = 0;
    for (const item of kept) this.push(item);
  }

  private settle(index: number, item: T): void {
    if (this.rise(index, item) === index) this.sink(index, item);
  }

  private rise(from: number, item: T): number {
    let index = from;
    while (index > 0) {
      const up = (index - 1) >> 1;
      const parent = this.items[up] as T;
      if (!this.isBefore(item, parent)) break;
      this.put(index, parent);
      index = up;
    }
    this.put(index, item);
    return index;
  }

  private sink(from: number, item: T): void {
    const { items } = this;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.isBefore(items[child + 1] as T, items[child] as T)) child += 1;
      if (!this.isBefore(items[child] as T, item)) break;
      this.put(index, items[child] as T);
      index = child;
    }
    this.put(index, item);
  }

  private put(index: number, item: T): void {
    this.items[index] = item;
    this.moved?.(item, index);
  }
}
