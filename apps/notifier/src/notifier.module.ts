import { Module, type DynamicModule } from '@nestjs/common';
import { PlanDeliveries } from '@millrace/notifications';
import { LifecycleConsumer } from './lifecycle.consumer.js';
import { ReadWebhooks } from './read-webhooks.js';
import { WebhooksController } from './webhooks.controller.js';

export interface NotifierProviders {
  readonly planDeliveries: PlanDeliveries;
  readonly readWebhooks: ReadWebhooks;
}

@Module({})
export class NotifierModule {}

export function notifierModule(providers: NotifierProviders): DynamicModule {
  return {
    module: NotifierModule,
    controllers: [LifecycleConsumer, WebhooksController],
    providers: [
      { provide: PlanDeliveries, useValue: providers.planDeliveries },
      { provide: ReadWebhooks, useValue: providers.readWebhooks },
    ],
  };
}
