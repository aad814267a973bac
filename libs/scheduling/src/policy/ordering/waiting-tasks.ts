import { widened } from '../widened.js';
import { compareIds } from './ordering.js';
import type { QueuedTask } from './ordering-policy.js';

const ROOM_MIN = 64;
/** A word of each task: how many hold its number (3 bits), its marks, and from LANE_SHIFT on its lane. */
const HOLDERS = 7;
const GONE = 8;
const NOTED = 16;
const LANE_SHIFT = 5;
/** Lanes that a word has room for. */
export const LANES_LIMIT = 1 << 26;

/**
 * What waits, as numbers: heaps hold the number of a task, and what they compare lies in flat arrays. A task that leaves is
 * marked, and dropped from a heap when it comes to its top; its number is given away once nobody holds it (`hold`, `drop`).
 */
export class WaitingTasks<T extends QueuedTask> {
  requestedAt = new Float64Array(ROOM_MIN);
  /** Predicted GPU-seconds, never Infinity: that is the key of no task. */
  gpuSeconds = new Float64Array(ROOM_MIN);
  private words = new Int32Array(ROOM_MIN);
  private queues = new Uint16Array(ROOM_MIN);
  private readonly tasks: (T | undefined)[] = [];
  private readonly free: number[] = [];

  /** A number for the task, held once. `queue` and `lane`: where it waits. */
  add(task: T, queue: number, lane: number, isNoted: boolean): number {
    const number = this.free.pop() ?? this.tasks.length;
    if (number === this.words.length) this.grow();
    this.tasks[number] = task;
    this.requestedAt[number] = task.requestedAt;
    this.gpuSeconds[number] = Math.min(task.gpuSeconds, Number.MAX_VALUE);
    this.queues[number] = queue;
    this.words[number] = (lane << LANE_SHIFT) | (isNoted ? NOTED : 0) | 1;
    return number;
  }

  /** The task with this number, while somebody holds it. */
  of(number: number): T {
    return this.tasks[number] as T;
  }

  /** Undefined where nobody holds the number. */
  idOf(number: number): string | undefined {
    return this.tasks[number]?.id;
  }

  queueOf(number: number): number {
    return this.queues[number] as number;
  }

  laneOf(number: number): number {
    return (this.words[number] as number) >> LANE_SHIFT;
  }

  isGone(number: number): boolean {
    return ((this.words[number] as number) & GONE) !== 0;
  }

  /** Whoever added it wants to look at it before it is served. */
  isNoted(number: number): boolean {
    return ((this.words[number] as number) & NOTED) !== 0;
  }

  markGone(number: number): void {
    this.words[number] = (this.words[number] as number) | GONE;
  }

  hold(number: number): void {
    this.words[number] = (this.words[number] as number) + 1;
  }

  /** One holder less: the last one gives the number away. */
  drop(number: number): void {
    const word = (this.words[number] as number) - 1;
    this.words[number] = word;
    if ((word & HOLDERS) > 0) return;
    this.tasks[number] = undefined;
    this.free.push(number);
  }

  /** For whoever holds it in a heap: whether it still waits; it is dropped if not. */
  keeps(number: number): boolean {
    if (!this.isGone(number)) return true;
    this.drop(number);
    return false;
  }

  /** Order by age: the task requested first, ties by id. */
  readonly isOlder = (a: number, b: number): boolean => {
    const apart = (this.requestedAt[a] as number) - (this.requestedAt[b] as number);
    return apart === 0 ? compareIds(this.of(a).id, this.of(b).id) < 0 : apart < 0;
  };

  private grow(): void {
    const room = 2 * this.words.length;
    this.requestedAt = widened(this.requestedAt, new Float64Array(room));
    this.gpuSeconds = widened(this.gpuSeconds, new Float64Array(room));
    this.words = widened(this.words, new Int32Array(room));
    this.queues = widened(this.queues, new Uint16Array(room));
  }
}
