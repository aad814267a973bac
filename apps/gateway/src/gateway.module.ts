import { Inject, Module, type DynamicModule, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { messageOf, type Clock, type Logger } from '@millrace/kernel';
import { CLOCK, LOGGER } from '@millrace/platform';
import { LifecycleConsumer } from './events/lifecycle.consumer.js';
import { liveConsumerOf } from './events/live.consumer.js';
import type { Gateway } from './gateway.js';
import { ForwardController } from './http/forward.controller.js';
import { GenerateController } from './http/generate.controller.js';
import { ObjectsController } from './http/objects.controller.js';
import { StatusController } from './http/status.controller.js';
import { SystemController } from './http/system.controller.js';
import { TaskEventsController } from './http/task-events.controller.js';
import { TaskPresenter } from './http/task-presenter.js';
import { TasksController } from './http/tasks.controller.js';
import { GATEWAY } from './tokens.js';

const SWEEP_MS = 3_600_000;

/** Forgets old idempotency keys each hour. */
@Module({})
class GatewayModule implements OnApplicationBootstrap, OnModuleDestroy {
  private cancelSweep: (() => void) | undefined;

  constructor(
    @Inject(GATEWAY) private readonly gateway: Gateway,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.cancelSweep = this.clock.after(SWEEP_MS, () => void this.sweep());
  }

  onModuleDestroy(): void {
    this.cancelSweep?.();
  }

  private async sweep(): Promise<void> {
    try {
      const removed = await this.gateway.forgetOldKeys.execute();
      this.logger.info('forgot old idempotency keys', { removed });
    } catch (error) {
      this.logger.warn('could not forget old idempotency keys', { error: messageOf(error) });
    }
    this.onApplicationBootstrap();
  }
}

/** The gateway's controllers and consumers over its wired use cases. */
export function gatewayModule(gateway: Gateway): DynamicModule {
  const { ids, clock } = gateway.options.parts;
  return {
    module: GatewayModule,
    controllers: [
      GenerateController,
      StatusController,
      TasksController,
      TaskEventsController,
      SystemController,
      ObjectsController,
      ForwardController,
      LifecycleConsumer,
      liveConsumerOf(ids.next()),
    ],
    providers: [
      { provide: GATEWAY, useValue: gateway },
      { provide: TaskPresenter, useValue: new TaskPresenter(gateway, clock) },
    ],
  };
}
