import { Controller, Inject } from '@nestjs/common';
import {
  getDeadLetter,
  listDeadLetters,
  redriveDeadLetter,
  redriveDeadLetters,
  skipDeadLetter,
  skipDeadLetters,
  type DeadLetterAnswer,
  type DeadLetterSummary,
  type Principal,
  type RouteInput,
} from '@millrace/contracts';
import type { DeadLetterDecision } from '@millrace/intake';
import type { TaskId } from '@millrace/kernel';
import { Caller, Input, Route, reply, type Reply } from '@millrace/platform';
import type { Gateway } from '../gateway.js';
import { GATEWAY } from '../tokens.js';
import { fromCursor, toCursor } from './cursor.js';
import { fromFilters, toDeadLetterAnswer, toSummary } from './dead-letters.convert.js';

/** What consumers could not apply, for the operator: of all tenants, so the scope is `admin`. */
@Controller()
export class DeadLettersController {
  constructor(@Inject(GATEWAY) private readonly gateway: Gateway) {}

  @Route(listDeadLetters)
  async list(@Input() { query }: RouteInput<typeof listDeadLetters>): Promise<Reply> {
    const after = query.cursor === undefined ? {} : { after: fromCursor(query.cursor) };
    const page = await this.gateway.deadLetters.page(fromFilters(query), { limit: query.limit, ...after });
    const next = page.next === undefined ? null : toCursor({ ...page.next, id: page.next.id as TaskId });
    return reply(
      200,
      { data: page.letters.map(toSummary), next_cursor: next, has_more: next !== null },
      next === null ? {} : { Link: nextLink(query, next) },
    );
  }

  @Route(redriveDeadLetters)
  redriveAll(@Input() { query }: RouteInput<typeof redriveDeadLetters>, @Caller() caller: Principal): Promise<Reply> {
    return this.resolveAll('redrive', query, caller);
  }

  @Route(skipDeadLetters)
  skipAll(@Input() { query }: RouteInput<typeof skipDeadLetters>, @Caller() caller: Principal): Promise<Reply> {
    return this.resolveAll('skip', query, caller);
  }

  @Route(getDeadLetter)
  async one(@Input() { params }: RouteInput<typeof getDeadLetter>): Promise<DeadLetterAnswer> {
    return toDeadLetterAnswer(await this.gateway.deadLetters.one(params.id));
  }

  @Route(redriveDeadLetter)
  redrive(
    @Input() { params }: RouteInput<typeof redriveDeadLetter>,
    @Caller() caller: Principal,
  ): Promise<DeadLetterSummary> {
    return this.resolve('redrive', params.id, caller);
  }

  @Route(skipDeadLetter)
  skip(
    @Input() { params }: RouteInput<typeof skipDeadLetter>,
    @Caller() caller: Principal,
  ): Promise<DeadLetterSummary> {
    return this.resolve('skip', params.id, caller);
  }

  private async resolve(decision: DeadLetterDecision, id: string, caller: Principal): Promise<DeadLetterSummary> {
    return toSummary(await this.gateway.deadLetters.resolve(id, decision, caller.keyId));
  }

  private async resolveAll(
    decision: DeadLetterDecision,
    query: RouteInput<typeof redriveDeadLetters>['query'],
    caller: Principal,
  ): Promise<Reply> {
    const { dry_run: dryRun, limit } = query;
    const options = { limit, dryRun, by: caller.keyId };
    const { matched, letters } = await this.gateway.deadLetters.resolveAll(fromFilters(query), decision, options);
    const data = letters.map(toSummary);
    return reply(200, { dry_run: dryRun, matched, resolved: dryRun ? 0 : data.length, data });
  }
}

function nextLink(query: RouteInput<typeof listDeadLetters>['query'], cursor: string): string {
  const { cursor: _cursor, limit, ...filters } = query;
  const given = Object.entries(filters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const search = new URLSearchParams([...given, ['limit', String(limit)], ['cursor', cursor]]);
  return `</api/v1/dead-letters?${search.toString()}>; rel="next"`;
}
