import { compareIds } from './ordering.js';
import type { QueuedTask } from './ordering-policy.js';

const ROOM_MIN = 64;
const GONE = 1;
const OVERDUE = 2;

/**
 * What waits, as numbers: heaps hold the number of a task, and what they compare lies in flat arrays. A task that leaves is
 * marked, and dropped from a heap when it comes to its top; its number is given away once nobody holds it (`hold`, `drop`).
 */
export class WaitingTasks<T extends QueuedTask, Lane> {
  requestedAt = new Float64Array(ROOM_MIN);
  /** Predicted GPU-seconds, never Infinity: that is the key of no task. */
  gpuSeconds = new Float64Array(ROOM_MIN);
  private marks = new Uint8Array(ROOM_MIN);
  private holders = new Uint8Array(ROOM_MIN);
  private readonly tasks: (T | undefined)[] = [];
  private readonly lanes: (Lane | undefined)[] = [];
  private readonly free: number[] = [];

  /** A number for the task, held once. */
  add(task: T, lane: Lane): number {
    const number = this.free.pop() ?? this.tasks.length;
    if (number === this.marks.length) this.grow();
    this.tasks[number] = task;
    this.lanes[number] = lane;
    this.requestedAt[number] = task.requestedAt;
    this.gpuSeconds[number] = Math.min(task.gpuSeconds, Number.MAX_VALUE);
    this.marks[number] = 0;
    this.holders[number] = 1;
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

  laneOf(number: number): Lane {
    return this.lanes[number] as Lane;
  }

  isGone(number: number): boolean {
    return ((this.marks[number] as number) & GONE) !== 0;
  }

  isOverdue(number: number): boolean {
    return ((this.marks[number] as number) & OVERDUE) !== 0;
  }

  markGone(number: number): void {
    this.marks[number] = (this.marks[number] as number) | GONE;
  }

  markOverdue(number: number): void {
    this.marks[number] = (this.marks[number] as number) | OVERDUE;
  }

  hold(number: number): void {
    this.holders[number] = (this.holders[number] as number) + 1;
  }

  /** One holder less: the last one gives the number away. */
  drop(number: number): void {
    const left = (this.holders[number] as number) - 1;
    this.holders[number] = left;
    if (left > 0) return;
    this.tasks[number] = undefined;
    this.lanes[number] = undefined;
    this.free.push(number);
  }

  /** Order by age: the task requested first, ties by id. */
  readonly isOlder = (a: number, b: number): boolean => {
    const apart = (this.requestedAt[a] as number) - (this.requestedAt[b] as number);
    return apart === 0 ? compareIds(this.of(a).id, this.of(b).id) < 0 : apart < 0;
  };

  private grow(): void {
    const room = 2 * this.marks.length;
    this.requestedAt = widened(this.requestedAt, new Float64Array(room));
    this.gpuSeconds = widened(this.gpuSeconds, new Float64Array(room));
    this.marks = widened(this.marks, new Uint8Array(room));
    this.holders = widened(this.holders, new Uint8Array(room));
  }
}

function widened<A extends Float64Array | Uint8Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
