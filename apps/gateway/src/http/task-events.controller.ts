import { Controller, Inject } from '@nestjs/common';
import { streamTaskEvents, type Principal, type RouteInput } from '@millrace/contracts';
import { AppError, type Clock, type Logger, type TaskId, type TenantId } from '@millrace/kernel';
import { CLOCK, Caller, Input, LOGGER, Route, reply, type Reply } from '@millrace/platform';
import type { Gateway } from '../gateway.js';
import { GATEWAY } from '../tokens.js';
import { TaskEventStream } from './task-event-stream.js';
import { TaskPresenter } from './task-presenter.js';

/** Streams of one process at a time. */
const STREAMS_MAX = 1000;

@Controller()
export class TaskEventsController {
  private readonly open = new Set<TaskEventStream>();

  constructor(
    @Inject(GATEWAY) private readonly gateway: Gateway,
    @Inject(TaskPresenter) private readonly presenter: TaskPresenter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Route(streamTaskEvents)
  async events(@Input() input: RouteInput<typeof streamTaskEvents>, @Caller() caller: Principal): Promise<Reply> {
    const tenantId = caller.tenantId as TenantId;
    const taskId = input.params.id as TaskId;
    await this.gateway.tasks.one(tenantId, taskId);
    if (this.open.size >= STREAMS_MAX) throw tooManyStreams();
    const { gateway, presenter, clock, logger } = this;
    const afterSequence = Number(input.headers['last-event-id'] ?? 0);
    const stream = new TaskEventStream({ gateway, presenter, clock, logger, tenantId, taskId, afterSequence });
    this.open.add(stream);
    const closed = this.gateway.metrics.streamOpened();
    void stream.run().finally(() => {
      closed();
      this.open.delete(stream);
    });
    return reply(200, stream.body, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
  }
}

function tooManyStreams(): AppError {
  return new AppError({
    kind: 'unavailable',
    code: 'service_unavailable',
    message: 'Too many event streams are open: poll the status, or try again in a few seconds.',
    retryAfterMs: 5000,
  });
}
