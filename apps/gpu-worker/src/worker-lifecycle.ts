import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Worker } from '@millrace/execution';
import type { ConsumerRuntime, RunningConsumer } from '@millrace/messaging/ports';
import { COMMANDS_GROUP, COMMANDS_RUNTIME, PRELOAD, WORKER } from './gpu-worker.tokens.js';

/**
 * A worker's life in the order that loses nothing: what the last incarnation left, the models, the commands from the end,
 * and only then the registration; at the end the goodbye comes before the commands stop.
 */
@Injectable()
export class WorkerLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private commands: RunningConsumer | undefined;

  constructor(
    @Inject(WORKER) private readonly worker: Worker,
    @Inject(COMMANDS_RUNTIME) private readonly runtime: ConsumerRuntime,
    @Inject(COMMANDS_GROUP) private readonly group: string,
    @Inject(PRELOAD) private readonly preload: boolean,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.worker.start({ preload: this.preload });
    this.commands = await this.runtime.start({
      group: this.group,
      topics: ['worker.commands'],
      from: 'end',
      handle: async (batch) => this.worker.take(batch),
    });
    await this.commands.ready;
    await this.worker.register();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.worker.leave('shutdown');
    await this.commands?.stop();
    await this.worker.close();
  }
}
