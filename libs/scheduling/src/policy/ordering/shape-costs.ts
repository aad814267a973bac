/**
 * The shapes of all classes and pools by number: whether anything of a shape may still find room in this cycle, and what
 * getting ready for it costs. A shape is closed, or gets dearer, as a whole.
 */
export class ShapeCosts {
  /** By shape: GPU-seconds to get ready for it; Infinity while it is closed. */
  costs = new Float64Array(16);
  private readonly numbers = new Map<string, number>();
  private readonly names: (string | undefined)[] = [];
  private readonly setups: number[] = [];
  private readonly closed: number[] = [];
  private readonly free: number[] = [];

  get size(): number {
    return this.numbers.size;
  }

  /** The shape's number; a new one is open, and ready. */
  of(name: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    const number = this.free.pop() ?? this.names.length;
    this.numbers.set(name, number);
    this.names[number] = name;
    this.setups[number] = 0;
    if (number >= this.costs.length) {
      const costs = new Float64Array(2 * this.costs.length);
      costs.set(this.costs);
      this.costs = costs;
    }
    this.costs[number] = 0;
    return number;
  }

  isOpen(shape: number): boolean {
    return this.costs[shape] !== Infinity;
  }

  close(shape: number): void {
    if (!this.isOpen(shape)) return;
    this.costs[shape] = Infinity;
    this.closed.push(shape);
  }

  /** All are open again; returns those that were closed, until the next call. */
  open(): readonly number[] {
    const opened = this.closed.splice(0);
    for (const shape of opened) this.costs[shape] = this.setups[shape] ?? 0;
    return opened;
  }

  /** Asks what getting ready costs now; none is closed. */
  price(setupOf: (name: string) => number): void {
    for (const [name, number] of this.numbers) {
      const setup = setupOf(name);
      this.setups[number] = setup;
      this.costs[number] = setup;
    }
  }

  /** Forgets the shapes that are not among these, and returns them; none is closed. */
  keep(used: ReadonlySet<number>): readonly number[] {
    const forgotten: number[] = [];
    for (const [name, number] of this.numbers) {
      if (used.has(number)) continue;
      this.numbers.delete(name);
      this.names[number] = undefined;
      this.free.push(number);
      forgotten.push(number);
    }
    return forgotten;
  }
}
