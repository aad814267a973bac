import { messageOf, type Logger } from '@millrace/kernel';

/** What was started, to be stopped in the opposite order. */
export class StartedParts {
  private readonly stops: (() => Promise<void>)[] = [];

  add(stop: () => Promise<void>): void {
    this.stops.unshift(stop);
  }

  /** Stops every part, also after one that fails to. */
  async stop(logger: Logger): Promise<void> {
    for (const stop of this.stops.splice(0)) {
      await stop().catch((error: unknown) => logger.error('a part did not stop cleanly', { error: messageOf(error) }));
    }
  }
}
