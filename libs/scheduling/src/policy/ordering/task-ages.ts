import { invariant, type Instant } from '@millrace/kernel';
import { NumberHeap } from './number-heap.js';
import type { ClassLimits, QueuedTask } from './ordering-policy.js';
import type { WaitingTasks } from './waiting-tasks.js';

/** Tasks that left may stand in the order of age, beside as many as wait, before they are dropped. */
const GONE_KEPT = 1_024;

/** The tasks of a queue by age: those that are not overdue yet, and those that are and may be lifted. */
export class TaskAges<T extends QueuedTask> {
  private readonly ageing: NumberHeap;
  private readonly lifting: NumberHeap;

  constructor(
    private readonly limits: ClassLimits,
    private readonly tasks: WaitingTasks<T>,
  ) {
    invariant((limits.liftAfterMs ?? Infinity) >= limits.maxWaitMs, 'a task is lifted after its maximum wait');
    this.ageing = new NumberHeap(tasks.isOlder, false);
    this.lifting = new NumberHeap(tasks.isOlder, false);
  }

  /** It waits from now on, one of so many. What leaves need not be told. */
  add(number: number, waiting: number): void {
    this.tasks.hold(number);
    this.push(this.ageing, number, waiting);
  }

  /** Takes out one that has become overdue by now, -1 without one; of `waiting` tasks. */
  nextOverdue(now: Instant, waiting: number): number {
    const number = this.olderThan(this.ageing, now - this.limits.maxWaitMs);
    if (number === -1) return -1;
    this.ageing.pop();
    if (this.limits.liftAfterMs === undefined) this.tasks.drop(number);
    else this.push(this.lifting, number, waiting);
    return number;
  }

  /** One that is to be served with the class above, -1 without one; it is given again until it is gone. */
  lifted(now: Instant): number {
    return this.olderThan(this.lifting, now - (this.limits.liftAfterMs ?? 0));
  }

  private push(heap: NumberHeap, number: number, waiting: number): void {
    const { tasks } = this;
    if (heap.size > 2 * waiting + GONE_KEPT) {
      heap.retain(
        (kept) => tasks.keeps(kept),
        (kept) => tasks.requestedAt[kept] as number,
      );
    }
    heap.push(number, tasks.requestedAt[number] as number);
  }

  /** The oldest that was requested before, -1 without one; what is gone is dropped on the way. */
  private olderThan(heap: NumberHeap, before: Instant): number {
    while (heap.topKey < before) {
      if (this.tasks.keeps(heap.top)) return heap.top;
      heap.pop();
    }
    return -1;
  }
}
