import { taskProgressed, type EventData } from '@millrace/contracts';
import { messageOf, type Logger } from '@millrace/kernel';
import { newEvent, type EventPublisher } from '@millrace/messaging/ports';

export type Progress = EventData<typeof taskProgressed>;

/**
 * Tells the world how far attempts are: lossy, the newest of each attempt counts. One publish at a time; what comes
 * meanwhile replaces what waits, so that a slow bus never slows an engine.
 */
export class ProgressChannel {
  private waiting = new Map<string, { readonly progress: Progress; readonly traceparent: string | undefined }>();
  private sending = false;

  constructor(
    private readonly publisher: EventPublisher,
    private readonly logger: Logger,
  ) {}

  tell(progress: Progress, traceparent: string | undefined): void {
    this.waiting.set(`${progress.taskId}/${progress.attempt}-${progress.epoch}`, { progress, traceparent });
    if (!this.sending) void this.sendAll();
  }

  private async sendAll(): Promise<void> {
    this.sending = true;
    while (this.waiting.size > 0) {
      const batch = [...this.waiting.values()];
      this.waiting = new Map();
      try {
        await this.publisher.publish(batch.map(({ progress, traceparent }) => event(progress, traceparent)));
      } catch (error) {
        this.logger.debug('progress was lost', { events: batch.length, error: messageOf(error) });
      }
    }
    this.sending = false;
  }
}

function event(progress: Progress, traceparent: string | undefined): ReturnType<typeof newEvent> {
  const { tenantId } = progress;
  return newEvent(taskProgressed, progress, { tenantId, ...(traceparent === undefined ? {} : { traceparent }) });
}
