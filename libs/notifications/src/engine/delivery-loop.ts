import { messageOf, sleep, type Clock, type DurationMs, type Logger } from '@millrace/kernel';
import type { DeliveryStore } from './ports/delivery-store.port.js';
import type { SendDeliveries } from './send-deliveries.js';

const IN_FLIGHT_LIMIT = 128;
/** Without a wake the store is asked at least so often: another process may have planned a delivery. */
const IDLE_POLL_MS: DurationMs = 5000;
/** What is due first can not be sent now; what is due next to another endpoint waits no longer than this. */
const BLOCKED_POLL_MS = 500;
const RETENTION_MS: DurationMs = 30 * 24 * 3_600_000;
const SWEEP_EVERY_MS: DurationMs = 3_600_000;
const SWEEP_LIMIT = 1000;

/** Keeps sending: woken when a delivery is planned, else at the time the next try is due. */
export class DeliveryLoop {
  private readonly stopping = new AbortController();
  private readonly inFlight = new Set<Promise<void>>();
  private wakeUp = new AbortController();
  private loop: Promise<void> | undefined;
  private sweptAtMs: DurationMs;
  /** Something is due that could not be taken: the end of a try may let it go. */
  private isBlocked = false;

  constructor(
    private readonly sending: Pick<SendDeliveries, 'take' | 'deliver'>,
    private readonly store: Pick<DeliveryStore, 'nextDueAt' | 'removeBefore'>,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.sweptAtMs = clock.monotonicMs();
  }

  start(): void {
    this.loop ??= this.run();
  }

  /** A delivery may be due. */
  wake(): void {
    this.wakeUp.abort();
  }

  /** Takes nothing more and waits for the tries under way: 15 s at most. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.loop;
    await Promise.all(this.inFlight);
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.wakeUp = new AbortController();
      const waitMs = await this.round().catch((error: unknown) => {
        this.logger.error('no delivery can be taken now', { error: messageOf(error) });
        return IDLE_POLL_MS;
      });
      if (waitMs > 0) await sleep(this.clock, waitMs, this.wakeUp.signal);
    }
  }

  /** Sets off what is due, and says how long to wait before looking again. */
  private async round(): Promise<DurationMs> {
    await this.sweep();
    if (this.inFlight.size >= IN_FLIGHT_LIMIT) {
      await Promise.race(this.inFlight);
      return 0;
    }
    const lookedAt = this.clock.now();
    const taken = await this.sending.take(IN_FLIGHT_LIMIT - this.inFlight.size);
    for (const delivery of taken) this.track(this.sending.deliver(delivery));
    if (taken.length > 0) return 0;
    const dueAt = await this.store.nextDueAt();
    // Its endpoint has as many tries under way as it may, or another process has it: asking again at once is in vain.
    this.isBlocked = dueAt !== undefined && dueAt <= lookedAt;
    if (this.isBlocked) return BLOCKED_POLL_MS;
    if (dueAt === undefined) return IDLE_POLL_MS;
    return Math.min(IDLE_POLL_MS, Math.max(1, dueAt - this.clock.now()));
  }

  private track(delivery: Promise<void>): void {
    const done = delivery
      .catch((error: unknown) =>
        this.logger.error('a try was not recorded: it is made again', { error: messageOf(error) }),
      )
      .finally(() => {
        this.inFlight.delete(done);
        if (this.isBlocked) this.wake();
      });
    this.inFlight.add(done);
  }

  private async sweep(): Promise<void> {
    if (this.clock.monotonicMs() - this.sweptAtMs < SWEEP_EVERY_MS) return;
    this.sweptAtMs = this.clock.monotonicMs();
    await this.store.removeBefore(this.clock.now() - RETENTION_MS, SWEEP_LIMIT);
  }
}
