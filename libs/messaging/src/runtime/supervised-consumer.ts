import { messageOf, type DurationMs } from '@millrace/kernel';
import type { RunningConsumer } from '../ports/consumer.port.js';
import type { BusSubscription } from '../ports/event-bus.port.js';
import type { ConsumerContext } from './consumer-context.js';
import { ConsumerSession } from './consumer-session.js';
import { within } from './within.js';

/** A consumer from start to stop, over as many subscriptions as it takes: a watchdog replaces one that fell silent. */
export class SupervisedConsumer implements RunningConsumer {
  private session: ConsumerSession;
  private subscription: BusSubscription | undefined;
  private cancelWatchdog: (() => void) | undefined;
  private stopped: Promise<void> | undefined;

  /** When the lag could last not be told. */
  private lagUnknownMs = -Infinity;

  private constructor(private readonly context: ConsumerContext) {
    this.session = new ConsumerSession(context);
  }

  /** Rejects with `unavailable` when a topic is missing, which ends the start of a service. */
  static async start(context: ConsumerContext): Promise<SupervisedConsumer> {
    const consumer = new SupervisedConsumer(context);
    await consumer.subscribe();
    consumer.watch();
    return consumer;
  }

  get ready(): Promise<void> {
    return this.subscription?.ready ?? Promise.resolve();
  }

  async lag(): Promise<{ readonly records: number; readonly oldestMs: DurationMs }> {
    const { clock } = this.context;
    const records = (await this.subscription?.lag()) ?? 0;
    const oldest = this.session.oldestAppendedAt();
    if (oldest !== undefined) return { records, oldestMs: Math.max(0, clock.now() - oldest) };
    // Behind with nothing in memory: the oldest record came after the last fetch, so this is its greatest age.
    return { records, oldestMs: records > 0 ? clock.monotonicMs() - this.session.lastFetchedMs : 0 };
  }

  stop(options: { readonly drainMs?: DurationMs } = {}): Promise<void> {
    this.stopped ??= this.shutDown(options.drainMs ?? this.context.limits.drainMs);
    return this.stopped;
  }

  private async shutDown(drainMs: DurationMs): Promise<void> {
    this.cancelWatchdog?.();
    await this.session.drain(drainMs);
    await this.closeSubscription();
  }

  private async subscribe(): Promise<void> {
    const { bus, definition } = this.context;
    const { group, topics, from } = definition;
    const subscription = await bus.subscribe({ group, topics, from }, this.session);
    // Whoever waits for `ready` sees the rejection; nobody has to.
    subscription.ready.catch(() => {});
    this.subscription = subscription;
    this.session.attach(subscription);
    if (this.stopped !== undefined) await this.closeSubscription();
  }

  private watch(): void {
    this.cancelWatchdog = this.context.clock.after(this.context.limits.watchdogMs / 2, () => {
      void this.check().finally(() => {
        if (this.stopped === undefined) this.watch();
      });
    });
  }

  /** Lag, nothing in memory, nothing fetched for a minute: the subscription stopped without a word. */
  private async check(): Promise<void> {
    const { clock, logger, limits, definition } = this.context;
    const silentMs = clock.monotonicMs() - Math.max(this.session.lastFetchedMs, this.lagUnknownMs);
    if (silentMs < limits.watchdogMs || this.session.recordsInFlight > 0) return;
    try {
      const lag = this.subscription === undefined ? undefined : await this.subscription.lag();
      if (lag === 0 || this.stopped !== undefined) return;
      logger.error('nothing was fetched although records wait: subscribing anew', {
        ...{ group: definition.group, lag, silentMs },
      });
      await this.resubscribe();
    } catch (error) {
      // The bus is away: when it is back, the subscription has its full time to go on by itself.
      this.lagUnknownMs = clock.monotonicMs();
      logger.warn('the watchdog could not mend the consumer and tries again', {
        ...{ group: definition.group, error: messageOf(error) },
      });
    }
  }

  private async resubscribe(): Promise<void> {
    this.session.abandon();
    await this.closeSubscription();
    this.session = new ConsumerSession(this.context);
    await this.subscribe();
    this.context.observer.resubscribed?.(this.context.definition.group);
  }

  private async closeSubscription(): Promise<void> {
    const closing = this.subscription?.close();
    this.subscription = undefined;
    if (closing === undefined) return;
    const { clock, limits, logger, definition } = this.context;
    await within(clock, limits.closeWaitMs, closing).catch((error: unknown) =>
      logger.warn('a subscription did not close', { group: definition.group, error: messageOf(error) }),
    );
  }
}
