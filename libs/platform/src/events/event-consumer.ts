import { EventPattern } from '@nestjs/microservices';
import type { ConsumerDefinition } from '@millrace/messaging/ports';

export interface EventConsumerOptions extends Pick<ConsumerDefinition, 'group' | 'topics' | 'from'> {
  /** With a gate, the consumer runs only while the service holds it open (the scheduler's leadership). */
  readonly gate?: string;
}

/**
 * Declares a consumer the Nest way. The method takes `readonly ReceivedEvent[]` and answers one `HandlerResult` per
 * event, in order; as `@Ctx()` it gets an `EventContext` with the signal to stop by. Handlers keep short: long GPU work never runs inside a consumer.
 */
export function EventConsumer(options: EventConsumerOptions): MethodDecorator {
  return EventPattern<string>(options.group, undefined, { consumer: options });
}
