import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { taskCompleted } from '@millrace/contracts';
import { isEvent, type HandlerResult, type ReceivedEvent } from '@millrace/messaging/ports';
import { EventConsumer } from '@millrace/platform';
import type { Gateway } from '../gateway.js';
import { GATEWAY } from '../tokens.js';

/** Keeps the task view. One group for all replicas: each event is projected once. */
@Controller()
export class LifecycleConsumer {
  constructor(@Inject(GATEWAY) private readonly gateway: Gateway) {}

  @EventConsumer({ group: 'gateway.task-view', topics: ['task.lifecycle', 'billing.charged'], from: 'committed' })
  async project(@Payload() batch: readonly ReceivedEvent[]): Promise<readonly HandlerResult[]> {
    for (const event of batch) {
      if (isEvent(event, taskCompleted))
        this.gateway.queue.recordDuration(event.data.taskType, event.data.processingMs);
    }
    return this.gateway.project.execute(batch);
  }
}
