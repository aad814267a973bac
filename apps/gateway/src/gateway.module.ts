import { Inject, Module, type DynamicModule, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { messageOf, type Clock, type Logger } from '@millrace/kernel';
import { CLOCK, LOGGER } from '@millrace/platform';
import { DeadLettersConsumer } from './events/dead-letters.consumer.js';
import { LifecycleConsumer } from './events/lifecycle.consumer.js';
import { liveConsumerOf } from './events/live.consumer.js';
import type { Gateway } from './gateway.js';
import { DeadLettersController } from './http/dead-letters.controller.js';
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

/** Forgets old idempotency keys and dead letters each hour. */
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
      const keys = await this.gateway.forgetOldKeys.execute();
      const deadLetters = await this.gateway.deadLetters.forgetOld();
      this.logger.info('forgot old idempotency keys and dead letters', { keys, deadLetters });
    } catch (error) {
      this.logger.warn('could not forget old idempotency keys and dead letters', { error: messageOf(error) });
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
      DeadLettersController,
      SystemController,
      ObjectsController,
      ForwardController,
      LifecycleConsumer,
      DeadLettersConsumer,
      liveConsumerOf(ids.next()),
    ],
    providers: [
      { provide: GATEWAY, useValue: gateway },
      { provide: TaskPresenter, useValue: new TaskPresenter(gateway, clock) },
    ],
  };
}
