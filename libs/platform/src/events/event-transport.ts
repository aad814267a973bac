import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { messageOf, type Logger } from '@millrace/kernel';
import type { ConsumerRuntime, HandlerResult, ReceivedEvent, RunningConsumer } from '@millrace/messaging/ports';
import { lastValueFrom } from 'rxjs';
import { EventContext } from './event-context.js';
import type { EventConsumerOptions } from './event-consumer.js';

/**
 * Nest's door to the consumer runtime: collects the methods declared with `@EventConsumer` and runs each as a consumer.
 * Nest's own Kafka transport is not used: it commits by itself, and a poison message is retried for ever.
 */
export class EventTransport extends Server implements CustomTransportStrategy {
  private readonly running = new Map<string, RunningConsumer>();

  constructor(
    private readonly runtime: ConsumerRuntime,
    private readonly log: Logger,
  ) {
    super();
  }

  /** Starts every consumer without a gate; calls back when all are positioned. */
  listen(callback: (error?: unknown) => void): void {
    this.start((options) => options.gate === undefined).then(() => callback(), callback);
  }

  /** Starts the consumers behind a gate, and resolves when they are positioned. */
  async openGate(gate: string): Promise<void> {
    await this.start((options) => options.gate === gate);
  }

  async closeGate(gate: string): Promise<void> {
    await this.stop((options) => options.gate === gate);
  }

  /** Drains and stops every consumer. */
  async close(): Promise<void> {
    await this.stop(() => true);
  }

  /** What runs, by group: for health and metrics. */
  consumers(): ReadonlyMap<string, RunningConsumer> {
    return this.running;
  }

  on(): void {
    // The runtime reports through logs and metrics; there is no event of its own to listen to.
  }

  unwrap<T>(): T {
    return this.runtime as T;
  }

  private async start(wanted: (options: EventConsumerOptions) => boolean): Promise<void> {
    const chosen = this.declared().filter(({ options }) => wanted(options) && !this.running.has(options.group));
    await Promise.all(
      chosen.map(async ({ options, handler }) => {
        const { gate: _gate, ...definition } = options;
        const consumer = await this.runtime.start({
          ...definition,
          handle: (batch, { signal }) => call(handler, batch, signal),
        });
        this.running.set(options.group, consumer);
        await consumer.ready;
      }),
    );
  }

  private async stop(wanted: (options: EventConsumerOptions) => boolean): Promise<void> {
    const groups = this.declared()
      .map(({ options }) => options)
      .filter(wanted)
      .map((options) => options.group);
    await Promise.all(
      groups.map(async (group) => {
        const consumer = this.running.get(group);
        this.running.delete(group);
        await consumer
          ?.stop()
          .catch((error: unknown) =>
            this.log.warn('consumer did not stop cleanly', { group, error: messageOf(error) }),
          );
      }),
    );
  }

  private declared(): readonly { options: EventConsumerOptions; handler: MessageHandler }[] {
    return [...this.messageHandlers.values()].map((handler) => ({
      options: (handler.extras as { consumer: EventConsumerOptions }).consumer,
      handler,
    }));
  }
}

/** Only the head handler is called, and its result awaited: Nest's `handleEvent` would swallow both. */
async function call(
  handler: MessageHandler,
  batch: readonly ReceivedEvent[],
  signal: AbortSignal,
): Promise<readonly HandlerResult[]> {
  const result: unknown = await handler(batch, new EventContext([signal]));
  const values = isObservable(result) ? await lastValueFrom(result) : result;
  return values as readonly HandlerResult[];
}

function isObservable(value: unknown): value is Parameters<typeof lastValueFrom<unknown>>[0] {
  return typeof value === 'object' && value !== null && 'subscribe' in value;
}
