import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ACK, type HandlerResult, type ReceivedEvent } from '@millrace/messaging/ports';
import { PlanDeliveries } from '@millrace/notifications';
import { EventConsumer } from '@millrace/platform';

const GROUP = 'notifier.lifecycle';

@Controller()
export class LifecycleConsumer {
  constructor(@Inject(PlanDeliveries) private readonly planDeliveries: PlanDeliveries) {}

  @EventConsumer({ group: GROUP, topics: ['task.lifecycle'], from: 'committed' })
  async apply(@Payload() events: readonly ReceivedEvent[]): Promise<readonly HandlerResult[]> {
    await this.planDeliveries.run(GROUP, events);
    return events.map(() => ACK);
  }
}
