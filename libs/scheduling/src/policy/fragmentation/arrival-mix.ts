/** The first expectation is formed after this many arrivals, the next ones when this many times as many were seen. */
const FIRST_LESSON = 16;
const LESSON_GROWTH = 2;
/** Arrivals at which all counts are halved: older ones count less and less, so that the mix follows a change. */
const MEMORY_LIMIT = 1 << 16;

/**
 * Learns how often each class arrives, from nothing but the arrivals. Lessons become rarer as the mix becomes certain,
 * since each one makes every known cost stale: there are O(log arrivals) of them, and one each MEMORY_LIMIT ÷ 2 later on.
 */
export class ArrivalMix<Class> {
  private counts = new Map<Class, number>();
  private seen = 0;
  private nextLesson = FIRST_LESSON;

  /** A task of the class arrived. True when there is something to learn: `expected` is worth asking for. */
  observe(taskClass: Class): boolean {
    this.counts.set(taskClass, (this.counts.get(taskClass) ?? 0) + 1);
    this.seen += 1;
    if (this.seen >= MEMORY_LIMIT) {
      this.halve();
      return true;
    }
    if (this.seen < this.nextLesson) return false;
    this.nextLesson = Math.min(this.seen * LESSON_GROWTH, MEMORY_LIMIT);
    return true;
  }

  /** What to expect: each class with how often it was seen. */
  expected(): readonly { readonly taskClass: Class; readonly weight: number }[] {
    return [...this.counts].map(([taskClass, weight]) => ({ taskClass, weight }));
  }

  /** Older arrivals count half of what they did. */
  halve(): void {
    const kept = [...this.counts].map(([taskClass, count]) => [taskClass, count / 2] as const);
    this.counts = new Map(kept.filter(([, count]) => count >= 1));
    this.seen = [...this.counts.values()].reduce((sum, count) => sum + count, 0);
    this.nextLesson = MEMORY_LIMIT;
  }
}
