import { Controller, Inject } from '@nestjs/common';
import { getStatus, type Principal, type RouteInput } from '@millrace/contracts';
import { hasEnded } from '@millrace/intake';
import type { TaskId, TenantId } from '@millrace/kernel';
import { Caller, Input, Route, reply, type Reply } from '@millrace/platform';
import type { Gateway } from '../gateway.js';
import { GATEWAY } from '../tokens.js';
import { matchesTag } from './entity-tag.js';
import { preferredWaitS } from './prefer.js';
import { TaskPresenter } from './task-presenter.js';

@Controller()
export class StatusController {
  constructor(
    @Inject(GATEWAY) private readonly gateway: Gateway,
    @Inject(TaskPresenter) private readonly presenter: TaskPresenter,
  ) {}

  @Route(getStatus)
  async status(@Input() input: RouteInput<typeof getStatus>, @Caller() caller: Principal): Promise<Reply> {
    const waitS = preferredWaitS(input.headers.prefer);
    const view = await this.gateway.awaitTask.execute(
      caller.tenantId as TenantId,
      input.params.id as TaskId,
      waitS * 1000,
    );
    const tag = this.presenter.tag(view);
    const headers = {
      ETag: tag,
      'Cache-Control': 'private, no-cache',
      ...(waitS > 0 ? { 'Preference-Applied': `wait=${waitS}` } : {}),
      ...(hasEnded(view) ? {} : { 'Retry-After': String(this.presenter.retryAfterS(view)) }),
    };
    if (matchesTag(input.headers['if-none-match'], tag)) return reply(304, undefined, headers);
    // Whoever asked to wait learns from the status alone that the time was over first.
    return reply(waitS > 0 && !hasEnded(view) ? 202 : 200, await this.presenter.status(view), headers);
  }
}
