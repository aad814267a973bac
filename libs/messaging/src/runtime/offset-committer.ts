import { AppError, messageOf } from '@millrace/kernel';
import type { BusSubscription } from '../ports/event-bus.port.js';
import type { ConsumerContext } from './consumer-context.js';
import type { OwnedPartition } from './owned-partition.js';

/**
 * Commits watermarks: at once when nothing was committed lately, else at most every `commitIntervalMs`. No timer
 * while nothing moves. One commit at a time, so that a position never goes backwards.
 */
export class OffsetCommitter {
  private readonly moved = new Set<OwnedPartition>();
  private running: Promise<void> | undefined;
  private cancelTimer: (() => void) | undefined;
  private notBeforeMs = 0;

  constructor(
    private readonly context: ConsumerContext,
    private readonly subscription: () => Pick<BusSubscription, 'commit'> | undefined,
  ) {}

  note(partition: OwnedPartition): void {
    this.moved.add(partition);
    this.schedule();
  }

  /** Commits what the partitions have, now, after whatever commit runs. Never rejects. */
  async flush(partitions: readonly OwnedPartition[]): Promise<void> {
    while (this.running !== undefined) await this.running;
    await this.commit(partitions.filter((partition) => this.moved.has(partition)));
  }

  stop(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private schedule(): void {
    if (this.moved.size === 0 || this.running !== undefined || this.cancelTimer !== undefined) return;
    const waitMs = this.notBeforeMs - this.context.clock.monotonicMs();
    if (waitMs <= 0) return this.start();
    this.cancelTimer = this.context.clock.after(waitMs, () => {
      this.cancelTimer = undefined;
      this.start();
    });
  }

  private start(): void {
    this.running = Promise.resolve()
      .then(() => this.commit([...this.moved]))
      .then(() => {
        this.running = undefined;
        this.schedule();
      });
  }

  private async commit(partitions: readonly OwnedPartition[]): Promise<void> {
    const live = partitions.filter((partition) => !partition.dropped);
    for (const partition of partitions) this.moved.delete(partition);
    this.waitAtLeast(this.context.limits.commitIntervalMs);
    try {
      await this.send(live);
    } catch (error) {
      this.waitAtLeast(this.context.limits.commitRetryMs);
      await (isFenced(error) ? this.commitEach(live) : this.again(live, error));
    }
  }

  private async send(partitions: readonly OwnedPartition[]): Promise<void> {
    const positions = partitions.flatMap(({ topic, partition, watermark: { position } }) =>
      position === undefined ? [] : [{ topic, partition, nextOffset: position }],
    );
    const subscription = this.subscription();
    if (subscription !== undefined && positions.length > 0) await subscription.commit(positions);
  }

  /** One of the partitions is another member's: the others are committed one by one, so that they don't lose theirs. */
  private async commitEach(partitions: readonly OwnedPartition[]): Promise<void> {
    for (const partition of partitions) {
      await this.send([partition]).catch((error: unknown) => {
        if (!isFenced(error)) return this.again([partition], error);
        const { topic, partition: number } = partition;
        const { group } = this.context.definition;
        this.context.logger.info('a commit was refused: the partition has moved', { group, topic, partition: number });
      });
    }
  }

  private again(partitions: readonly OwnedPartition[], error: unknown): void {
    for (const partition of partitions) this.moved.add(partition);
    const { group } = this.context.definition;
    this.context.logger.warn('offsets were not committed and will be again', { group, error: messageOf(error) });
  }

  private waitAtLeast(waitMs: number): void {
    this.notBeforeMs = this.context.clock.monotonicMs() + waitMs;
  }
}

function isFenced(error: unknown): boolean {
  return error instanceof AppError && error.kind === 'conflict';
}
