import { invariant } from '@millrace/kernel';

/** Changes that can be taken back: when there are more, all of them stay. */
export const UNDO_LIMIT = 1 << 16;
const WORDS = 5;

/** What was taken (positive) or given back (negative), latest last: the undo log of a cluster's capacity. */
export class ChangeLog {
  /** The change that `pop` gave. */
  node = -1;
  cpuMilli = 0;
  memoryMib = 0;
  gpuMilli = 0;
  gpuMask = 0;

  private words = new Int32Array(256 * WORDS);
  private length = 0;
  /** Words that were dropped so far: marks count them too. */
  private start = 0;

  push(node: number, cpuMilli: number, memoryMib: number, gpuMilli: number, gpuMask: number): void {
    if (this.length === UNDO_LIMIT * WORDS) this.commit();
    if (this.length === this.words.length) {
      const longer = new Int32Array(this.words.length * 2);
      longer.set(this.words);
      this.words = longer;
    }
    const at = this.length;
    this.words[at] = node;
    this.words[at + 1] = cpuMilli;
    this.words[at + 2] = memoryMib;
    this.words[at + 3] = gpuMilli;
    this.words[at + 4] = gpuMask;
    this.length = at + WORDS;
  }

  mark(): number {
    return this.start + this.length;
  }

  /** Takes the latest change after the mark off the log; false when there is none. */
  pop(mark: number): boolean {
    const end = mark - this.start;
    invariant(end >= 0 && end <= this.length, 'what is taken back was neither committed nor taken back before');
    if (this.length === end) return false;
    this.length -= WORDS;
    const at = this.length;
    this.node = this.words[at] ?? -1;
    this.cpuMilli = this.words[at + 1] ?? 0;
    this.memoryMib = this.words[at + 2] ?? 0;
    this.gpuMilli = this.words[at + 3] ?? 0;
    this.gpuMask = this.words[at + 4] ?? 0;
    return true;
  }

  /** Everything so far stays. */
  commit(): void {
    this.start += this.length;
    this.length = 0;
  }
}
