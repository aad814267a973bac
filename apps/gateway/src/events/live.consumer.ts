import { Controller, Inject, type Type } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { queueSnapshot, taskProgressed } from '@millrace/contracts';
import type { Clock, TaskId } from '@millrace/kernel';
import { ACK, isEvent, type HandlerResult, type ReceivedEvent } from '@millrace/messaging/ports';
import { CLOCK, EventConsumer } from '@millrace/platform';
import type { Gateway } from '../gateway.js';
import { GATEWAY } from '../tokens.js';

/**
 * Each replica hears everything that is live from the end on, with a group of its own: progress and queue state for
 * its answers, lifecycle and charges to wake its event streams, whoever projected them.
 */
export function liveConsumerOf(replica: string): Type<unknown> {
  @Controller()
  class LiveConsumer {
    constructor(
      @Inject(GATEWAY) readonly gateway: Gateway,
      @Inject(CLOCK) readonly clock: Clock,
    ) {}

    @EventConsumer({
      group: `gateway.live.${replica}`,
      topics: ['task.progress', 'task.lifecycle', 'billing.charged', 'queue.snapshot'],
      from: 'end',
    })
    async hear(@Payload() batch: readonly ReceivedEvent[]): Promise<readonly HandlerResult[]> {
      for (const event of batch) this.hearOne(event);
      return batch.map(() => ACK);
    }

    hearOne(event: ReceivedEvent): void {
      const { gateway, clock } = this;
      if (isEvent(event, taskProgressed)) return gateway.progress.record(event.data, clock.now());
      if (isEvent(event, queueSnapshot)) return gateway.queue.record(event.data);
      if (event.subject !== undefined) gateway.watch.wake(event.subject as TaskId);
    }
  }
  return LiveConsumer;
}
