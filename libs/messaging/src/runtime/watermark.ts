/** One record on its way through the consumer. */
export interface WatermarkSlot {
  readonly offset: bigint;
  done: boolean;
}

/**
 * How far a partition may be committed: past the highest offset below which every record received is done. Records
 * may be done in any order; the position never passes one that is not.
 */
export class Watermark {
  private slots: WatermarkSlot[] = [];
  private head = 0;
  private nextOffset: bigint | undefined;

  /** Offsets must come in ascending order, as the bus delivers them. */
  add(offset: bigint): WatermarkSlot {
    const slot = { offset, done: false };
    this.slots.push(slot);
    return slot;
  }

  /** Returns whether the position moved. */
  complete(slot: WatermarkSlot): boolean {
    slot.done = true;
    const before = this.nextOffset;
    for (let next = this.slots[this.head]; next?.done === true; next = this.slots[this.head]) {
      this.nextOffset = next.offset + 1n;
      this.head += 1;
    }
    this.compact();
    return this.nextOffset !== before;
  }

  /** The offset to commit: everything below it is done. Undefined while nothing is. */
  get position(): bigint | undefined {
    return this.nextOffset;
  }

  /** Dropping the done half at a time keeps the cost per record constant. */
  private compact(): void {
    if (this.head * 2 < this.slots.length) return;
    this.slots = this.slots.slice(this.head);
    this.head = 0;
  }
}
