import { Controller, Inject } from '@nestjs/common';
import {
  cancelTask,
  deleteTask,
  getTask,
  listArtifacts,
  listTasks,
  retryTask,
  type Principal,
  type RouteInput,
} from '@millrace/contracts';
import { taskNotFound } from '@millrace/intake';
import type { Artifact } from '@millrace/intake/ports';
import { toIso, type TaskId, type TenantId } from '@millrace/kernel';
import type { Tracer } from '@millrace/messaging/ports';
import { Caller, Input, Route, TRACER, reply, type Reply } from '@millrace/platform';
import type { Gateway } from '../gateway.js';
import { GATEWAY } from '../tokens.js';
import { fromCursor, toCursor } from './cursor.js';
import { matchesTag } from './entity-tag.js';
import { RESULT_URL_TTL_S, TaskPresenter } from './task-presenter.js';

@Controller()
export class TasksController {
  constructor(
    @Inject(GATEWAY) private readonly gateway: Gateway,
    @Inject(TaskPresenter) private readonly presenter: TaskPresenter,
    @Inject(TRACER) private readonly tracer: Tracer,
  ) {}

  @Route(listTasks)
  async list(@Input() { query }: RouteInput<typeof listTasks>, @Caller() caller: Principal): Promise<Reply> {
    const filter = {
      ...(query.status === undefined ? {} : { state: query.status }),
      ...(query.task_type === undefined ? {} : { taskType: query.task_type }),
      ...(query.reason === undefined ? {} : { reason: query.reason }),
    };
    const after = query.cursor === undefined ? {} : { after: fromCursor(query.cursor) };
    const page = await this.gateway.tasks.page(caller.tenantId as TenantId, filter, { limit: query.limit, ...after });
    const next = page.next === undefined ? null : toCursor(page.next);
    const data = await Promise.all(page.tasks.map((view) => this.presenter.task(view)));
    return reply(
      200,
      { data, next_cursor: next, has_more: next !== null },
      next === null ? {} : { Link: nextLink(query, next) },
    );
  }

  @Route(getTask)
  async one(@Input() input: RouteInput<typeof getTask>, @Caller() caller: Principal): Promise<Reply> {
    const view = await this.gateway.tasks.one(caller.tenantId as TenantId, input.params.id as TaskId);
    const tag = this.presenter.tag(view);
    const headers = { ETag: tag, 'Cache-Control': 'private, no-cache' };
    if (matchesTag(input.headers['if-none-match'], tag)) return reply(304, undefined, headers);
    return reply(200, await this.presenter.task(view), headers);
  }

  @Route(deleteTask)
  async erase(@Input() { params }: RouteInput<typeof deleteTask>, @Caller() caller: Principal): Promise<Reply> {
    await this.gateway.erase.execute(caller.tenantId as TenantId, params.id as TaskId);
    return reply(204, undefined);
  }

  @Route(cancelTask)
  async cancel(@Input() { params }: RouteInput<typeof cancelTask>, @Caller() caller: Principal): Promise<Reply> {
    const [outcome] = await this.gateway.cancel.execute(caller.tenantId as TenantId, [params.id as TaskId]);
    if (outcome === undefined || outcome.kind === 'not_found') throw taskNotFound();
    const body = await this.presenter.task(outcome.task);
    return outcome.kind === 'ended'
      ? reply(200, body)
      : reply(202, body, { Location: body.links.status, 'Retry-After': '1' });
  }

  @Route(retryTask)
  async retry(@Input() input: RouteInput<typeof retryTask>, @Caller() caller: Principal): Promise<Reply> {
    const idempotencyKey = input.headers['idempotency-key'];
    const traceparent = this.tracer.activeTraceparent();
    const view = await this.gateway.retry.execute({
      tenantId: caller.tenantId as TenantId,
      id: input.params.id as TaskId,
      interactive: caller.interactive,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(traceparent === undefined ? {} : { traceparent }),
    });
    const body = await this.presenter.task(view);
    return reply(202, body, {
      Location: body.links.status,
      'Retry-After': String(this.presenter.retryAfterS(view)),
    });
  }

  @Route(listArtifacts)
  async artifacts(
    @Input() { params, query }: RouteInput<typeof listArtifacts>,
    @Caller() caller: Principal,
  ): Promise<Reply> {
    const view = await this.gateway.tasks.one(caller.tenantId as TenantId, params.id as TaskId);
    const artifacts = view.erasedAt === null ? (view.end?.artifacts ?? []) : [];
    const ttlS = query.ttl_s ?? RESULT_URL_TTL_S;
    const data = await Promise.all(artifacts.map((artifact) => this.toArtifactAnswer(artifact, ttlS)));
    return reply(200, { task_id: view.request.id, data });
  }

  private async toArtifactAnswer(artifact: Artifact, ttlS: number) {
    const { id, kind, mediaType, bytes, sha256 } = artifact;
    const facts = { id, kind, media_type: mediaType, bytes, sha256 };
    if (!(await this.gateway.artifactUrls.exists(artifact)))
      return { ...facts, url: null, expires_at: null, removed: true };
    const { url, expiresAt } = await this.gateway.artifactUrls.sign(artifact, ttlS);
    return { ...facts, url, expires_at: toIso(expiresAt), removed: false };
  }
}

function nextLink(query: RouteInput<typeof listTasks>['query'], cursor: string): string {
  const search = new URLSearchParams({ limit: String(query.limit), cursor });
  if (query.status !== undefined) search.set('status', query.status);
  if (query.task_type !== undefined) search.set('task_type', query.task_type);
  if (query.reason !== undefined) search.set('reason', query.reason);
  return `</api/v1/tasks?${search.toString()}>; rel="next"`;
}
