import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import {
  CAPACITY_CONSUMER,
  CLOSURE_CONSUMER,
  ChangeCapacity,
  CloseAttempts,
  RecordUsage,
  USAGE_CONSUMER,
} from '@millrace/billing';
import type { attemptClosed, capacityChanged, EventData, usageRecorded } from '@millrace/contracts';
import { ACK, type HandlerResult, type ReceivedEvent } from '@millrace/messaging/ports';
import { EventConsumer } from '@millrace/platform';

/** The facts that the books follow. Each topic holds one type of event, checked by the consumer runtime. */
@Controller()
export class BillingConsumer {
  constructor(
    @Inject(RecordUsage) private readonly recordUsage: RecordUsage,
    @Inject(CloseAttempts) private readonly closeAttempts: CloseAttempts,
    @Inject(ChangeCapacity) private readonly changeCapacity: ChangeCapacity,
  ) {}

  @EventConsumer({ group: USAGE_CONSUMER, topics: ['usage.recorded'], from: 'committed' })
  async usage(
    @Payload() events: readonly ReceivedEvent<EventData<typeof usageRecorded>>[],
  ): Promise<readonly HandlerResult[]> {
    await this.recordUsage.apply(events);
    return events.map(() => ACK);
  }

  @EventConsumer({ group: CLOSURE_CONSUMER, topics: ['attempt.closed'], from: 'committed' })
  async closures(
    @Payload() events: readonly ReceivedEvent<EventData<typeof attemptClosed>>[],
  ): Promise<readonly HandlerResult[]> {
    await this.closeAttempts.apply(events);
    return events.map(() => ACK);
  }

  @EventConsumer({ group: CAPACITY_CONSUMER, topics: ['capacity.changed'], from: 'committed' })
  async capacity(
    @Payload() events: readonly ReceivedEvent<EventData<typeof capacityChanged>>[],
  ): Promise<readonly HandlerResult[]> {
    await this.changeCapacity.apply(events);
    return events.map(() => ACK);
  }
}
