/**
 * The one owner of the scheduler's mutable state: runs one piece of work at a time, in the order in which it was asked
 * for. Use cases and cycles go through it, so none of them sees another half done.
 */
export class OwnerLoop {
  private tail: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as `work` does. A failure does not stop what waits behind it. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.tail.then(work);
    this.tail = result.catch(() => {});
    return result;
  }

  /** Resolves when what was asked for until now is done. */
  async idle(): Promise<void> {
    await this.tail;
  }
}
