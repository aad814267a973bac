import { Module, type DynamicModule } from '@nestjs/common';
import { Scheduler } from '@millrace/scheduling';
import { ReadWorkers } from './read-workers.js';
import { SchedulerConsumer } from './scheduler.consumer.js';
import { WorkersController } from './workers.controller.js';

export interface SchedulerProviders {
  readonly scheduler: Scheduler;
  readonly readWorkers: ReadWorkers;
}

@Module({})
export class SchedulerModule {}

export function schedulerModule(providers: SchedulerProviders): DynamicModule {
  return {
    module: SchedulerModule,
    controllers: [SchedulerConsumer, WorkersController],
    providers: [
      { provide: Scheduler, useValue: providers.scheduler },
      { provide: ReadWorkers, useValue: providers.readWorkers },
    ],
  };
}
