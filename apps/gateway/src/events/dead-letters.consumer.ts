import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { TOPIC_NAMES, deadLetterTopic } from '@millrace/contracts';
import type { Clock } from '@millrace/kernel';
import { isDeadLetter } from '@millrace/messaging';
import { ACK, type HandlerResult, type ReceivedEvent } from '@millrace/messaging/ports';
import { CLOCK, EventConsumer } from '@millrace/platform';
import type { Gateway } from '../gateway.js';
import { GATEWAY } from '../tokens.js';
import { toDeadLetter } from './dead-letter.convert.js';

/** Keeps what every consumer of every service could not apply. */
@Controller()
export class DeadLettersConsumer {
  constructor(
    @Inject(GATEWAY) private readonly gateway: Gateway,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @EventConsumer({ group: 'gateway.dead-letters', topics: TOPIC_NAMES.map(deadLetterTopic), from: 'committed' })
  async record(@Payload() batch: readonly ReceivedEvent[]): Promise<readonly HandlerResult[]> {
    const now = this.clock.now();
    await this.gateway.deadLetters.record(batch.filter(isDeadLetter).map(({ data }) => toDeadLetter(data, now)));
    return batch.map(() => ACK);
  }
}
