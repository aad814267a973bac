import { Controller, Inject } from '@nestjs/common';
import { postGenerate, type Principal, type RouteInput } from '@millrace/contracts';
import { hasEnded, type AcceptOutcome, type AcceptedTask } from '@millrace/intake';
import { invariant, type TenantId } from '@millrace/kernel';
import type { Tracer } from '@millrace/messaging/ports';
import { Caller, Input, Route, TRACER, reply, type Reply } from '@millrace/platform';
import type { Gateway } from '../gateway.js';
import { GATEWAY } from '../tokens.js';
import { fromGenerateRequest, toGenerateAnswer } from './generate.convert.js';
import { preferredWaitS } from './prefer.js';
import { TaskPresenter } from './task-presenter.js';

const RETRY_AFTER_S = { min: 1, max: 30 };

@Controller()
export class GenerateController {
  constructor(
    @Inject(GATEWAY) private readonly gateway: Gateway,
    @Inject(TRACER) private readonly tracer: Tracer,
    @Inject(TaskPresenter) private readonly presenter: TaskPresenter,
  ) {}

  @Route(postGenerate)
  async generate(@Input() input: RouteInput<typeof postGenerate>, @Caller() caller: Principal): Promise<Reply> {
    const { 'idempotency-key': idempotencyKey, prefer } = input.headers;
    const traceparent = this.tracer.activeTraceparent();
    const [outcome] = await this.gateway.accept.execute([
      {
        caller,
        request: fromGenerateRequest(input.body),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        ...(traceparent === undefined ? {} : { traceparent }),
      },
    ]);
    invariant(outcome !== undefined, 'one outcome per request');
    this.gateway.metrics.outcome(nameOf(outcome));
    if (outcome.kind === 'refused') throw outcome.error;
    return this.answer(outcome.task, caller.tenantId as TenantId, preferredWaitS(prefer));
  }

  private async answer(task: AcceptedTask, tenantId: TenantId, waitS: number): Promise<Reply> {
    const replayed: Record<string, string> = task.replayed ? { 'Idempotency-Replayed': 'true' } : {};
    const preference: Record<string, string> = waitS > 0 ? { 'Preference-Applied': `wait=${waitS}` } : {};
    if (waitS > 0) {
      const view = await this.gateway.awaitTask.execute(tenantId, task.taskId, waitS * 1000);
      if (hasEnded(view)) return reply(200, await this.presenter.status(view), { ...replayed, ...preference });
    }
    const body = toGenerateAnswer(task);
    const retryAfterS = Math.min(RETRY_AFTER_S.max, Math.max(RETRY_AFTER_S.min, Math.ceil(task.estimatedS / 4)));
    return reply(202, body, {
      Location: body.status_url,
      'Retry-After': String(retryAfterS),
      ...replayed,
      ...preference,
    });
  }
}

function nameOf(outcome: AcceptOutcome): string {
  if (outcome.kind === 'refused') return outcome.error.code;
  return outcome.task.replayed ? 'replayed' : 'accepted';
}
