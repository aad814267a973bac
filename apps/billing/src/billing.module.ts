import { Module, type DynamicModule } from '@nestjs/common';
import { ChangeCapacity, CloseAttempts, ReadCosts, RecordUsage } from '@millrace/billing';
import { BillingConsumer } from './billing.consumer.js';
import { CostsController } from './costs.controller.js';

export interface BillingUseCases {
  readonly recordUsage: RecordUsage;
  readonly closeAttempts: CloseAttempts;
  readonly changeCapacity: ChangeCapacity;
  readonly readCosts: ReadCosts;
}

@Module({})
export class BillingModule {}

export function billingModule(useCases: BillingUseCases): DynamicModule {
  return {
    module: BillingModule,
    controllers: [BillingConsumer, CostsController],
    providers: [
      { provide: RecordUsage, useValue: useCases.recordUsage },
      { provide: CloseAttempts, useValue: useCases.closeAttempts },
      { provide: ChangeCapacity, useValue: useCases.changeCapacity },
      { provide: ReadCosts, useValue: useCases.readCosts },
    ],
  };
}
