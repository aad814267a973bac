import { taskRequested, type Principal } from '@millrace/contracts';
import {
  AppError,
  toIso,
  type Clock,
  type DurationMs,
  type IdGenerator,
  type Logger,
  type Rng,
  type TaskId,
  type TenantId,
} from '@millrace/kernel';
import { newEvent, type NewEvent, type Tracer, type UnitOfWork } from '@millrace/messaging/ports';
import { admitTask, type AdmissionRules, type AdmittedTask, type RequestedTask } from '../domain/admit-task.js';
import { checkFits } from '../domain/fits-machine.js';
import type { DeclaredMachines } from '../domain/queue-outlook.js';
import type { TaskRequest } from '../domain/task-view.js';
import { canonicalHash } from './canonical-hash.js';
import { GroupCommit } from './group-commit.js';
import type { IdempotencyRecord, IntakeScope } from './ports/intake-stores.port.js';
import type { AddressPolicy, DispatchBacklog, PublishBacklog } from './ports/outside-world.port.js';

export interface AcceptInput {
  readonly caller: Principal;
  readonly request: RequestedTask;
  readonly idempotencyKey?: string;
  /** Trace context of the caller's request. */
  readonly traceparent?: string;
}

export interface RepeatInput {
  /** Of the task to make again; its input is there still. */
  readonly request: TaskRequest;
  readonly idempotencyKey?: string;
  readonly traceparent?: string;
}

export interface AcceptedTask {
  readonly taskId: TaskId;
  readonly estimatedS: number;
  readonly traceparent: string | null;
  /** The answer of an earlier request with the same idempotency key. */
  readonly replayed: boolean;
}

export type AcceptOutcome =
  { readonly kind: 'accepted'; readonly task: AcceptedTask } | { readonly kind: 'refused'; readonly error: AppError };

/** Past either, nothing more is taken (guarantees.md section 1, "Lag"). */
export interface BackPressureLimits {
  /** Age of the oldest event in the outbox. */
  readonly publishAgeMs: DurationMs;
  /** How far behind the scheduler is. */
  readonly dispatchLagMs: DurationMs;
}

export interface AcceptTasksOptions {
  readonly unitOfWork: UnitOfWork<IntakeScope>;
  readonly addresses: AddressPolicy;
  readonly backlog: PublishBacklog;
  readonly dispatch: DispatchBacklog;
  readonly limits: BackPressureLimits;
  readonly rules: AdmissionRules;
  /** Seconds until a task now accepted would be done. */
  readonly estimate: (task: AdmittedTask) => number;
  /** Machines of every declared pool. */
  readonly machines: () => DeclaredMachines;
  readonly costCentre: string;
  /** Failure retries of a task, and of the types that have a number of their own (WRK-13). */
  readonly maxRetries: number;
  readonly maxRetriesByType?: Readonly<Record<string, number>>;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly rng: Rng;
  readonly tracer: Tracer;
  readonly logger: Logger;
}

/** The route part of an idempotency key's scope. */
const ROUTE = 'POST /api/v1/generate';
const RETRY_ROUTE = 'POST /api/v1/tasks/{id}/retry';
const RETRY_AFTER_MS: DurationMs = 5000;
const SEED_LIMIT = 2 ** 31;

interface Entry {
  readonly request: TaskRequest;
  readonly claim: IdempotencyRecord | undefined;
}

/**
 * Accepts tasks: row, event and idempotency record commit together or not at all (API-17, API-18). Concurrent calls
 * share one transaction. A refused task leaves neither row nor event (API-11).
 */
export class AcceptTasks {
  private readonly commits: GroupCommit<Entry, AcceptOutcome>;

  constructor(private readonly options: AcceptTasksOptions) {
    this.commits = new GroupCommit((entries) => this.write(entries), options.clock, options.logger);
  }

  /** One outcome per input, same order. Rejects when nothing can be accepted now (`service_unavailable`). */
  async execute(inputs: readonly AcceptInput[]): Promise<readonly AcceptOutcome[]> {
    this.checkBacklog();
    return Promise.all(inputs.map((input) => this.acceptOne(input)));
  }

  private checkBacklog(): void {
    const { backlog, dispatch, limits } = this.options;
    if (backlog.oldestUnpublishedMs() > limits.publishAgeMs) throw tooFarBehind('Accepted tasks wait to be handed on');
    if (dispatch.dispatchLagMs() > limits.dispatchLagMs) throw tooFarBehind('The scheduler is behind');
  }

  /**
   * Accepts a task again: the same input under a new id, with its own trace (api.md section 3). Whether it may be is
   * the caller's to decide. Errors: `idempotency_key_reused`, `no_fitting_machine`; rejects as `execute` does.
   */
  async repeat(input: RepeatInput): Promise<AcceptedTask> {
    this.checkBacklog();
    checkFits(input.request, this.options.machines());
    const { id, tenantId, traceparent: _old, retriedFrom: _earlier, ...fields } = input.request;
    const request = { ...this.newRequest(fields, tenantId, input.traceparent), retriedFrom: id };
    const claim =
      input.idempotencyKey === undefined ? undefined : claimOf(request, input.idempotencyKey, RETRY_ROUTE, { id });
    const outcome = await this.commits.submit({ request, claim });
    if (outcome.kind === 'refused') throw outcome.error;
    return outcome.task;
  }

  private async acceptOne(input: AcceptInput): Promise<AcceptOutcome> {
    try {
      const admitted = admitTask(input.request, input.caller, this.options.rules, () => this.newSeed());
      checkFits(admitted, this.options.machines());
      await this.checkAddresses(input.request);
      return await this.commits.submit(this.toEntry(input, admitted));
    } catch (error) {
      if (error instanceof AppError && error.kind !== 'unavailable') return { kind: 'refused', error };
      throw error;
    }
  }

  private newSeed(): number {
    return Math.floor(this.options.rng.next() * SEED_LIMIT);
  }

  private async checkAddresses(request: RequestedTask): Promise<void> {
    await this.checkAddress(request.input.imageUrl, 'image', '/image_url');
    await this.checkAddress(request.callbackUrl ?? undefined, 'callback', '/callback_url');
  }

  private async checkAddress(url: string | undefined, use: 'callback' | 'image', pointer: string): Promise<void> {
    const refusal = url === undefined ? undefined : await this.options.addresses.refusal(url, use);
    if (refusal === undefined) return;
    throw new AppError({
      kind: 'validation',
      code: 'address_refused',
      message: refusal,
      errors: [{ pointer, message: refusal }],
    });
  }

  private toEntry(input: AcceptInput, admitted: AdmittedTask): Entry {
    const { costCentre, estimate, maxRetriesByType = {} } = this.options;
    const maxRetries = maxRetriesByType[input.request.taskType] ?? this.options.maxRetries;
    const { typicalS: _typicalS, ...fields } = admitted;
    const estimatedS = estimate(admitted);
    const tenantId = input.caller.tenantId as TenantId;
    const request = this.newRequest({ ...fields, costCentre, maxRetries, estimatedS }, tenantId, input.traceparent);
    const { idempotencyKey } = input;
    return {
      request,
      claim: idempotencyKey === undefined ? undefined : claimOf(request, idempotencyKey, ROUTE, input.request),
    };
  }

  private newRequest(
    fields: Omit<TaskRequest, 'id' | 'tenantId' | 'requestedAt' | 'traceparent'>,
    tenantId: TenantId,
    parent: string | undefined,
  ): TaskRequest {
    const { clock, ids, tracer } = this.options;
    const span = tracer.startSpan('create task.requested', { kind: 'producer', parent });
    span.end();
    const made = { id: ids.next() as TaskId, tenantId, requestedAt: clock.now(), traceparent: span.traceparent };
    return { ...fields, ...made };
  }

  private async write(entries: readonly Entry[]): Promise<readonly AcceptOutcome[]> {
    return this.options.unitOfWork.run(async (scope) => {
      const claims = firstOfEachKey(entries);
      const earlier = claims.length === 0 ? [] : await scope.idempotency.claim(claims);
      const holders = new Map([...claims, ...earlier].map((record) => [keyOf(record), record]));
      const outcomes = entries.map((entry) => outcomeOf(entry, holders));
      const made = entries.filter((entry, index) => isNew(outcomes[index])).map(({ request }) => request);
      if (made.length > 0) {
        await scope.tasks.insert(made);
        await scope.outbox.add(made.map((request) => this.toEvent(request)));
      }
      return outcomes;
    });
  }

  private toEvent(request: TaskRequest): NewEvent {
    const { profiles } = this.options.rules.catalogue;
    const typicalGpuSeconds = profiles.find(({ name }) => name === request.taskType)?.typicalS;
    const data = {
      taskId: request.id,
      tenantId: request.tenantId,
      costCentre: request.costCentre,
      taskType: request.taskType,
      model: request.model,
      priority: request.priority,
      input: request.input ?? {},
      ...(request.resolution === null ? {} : { resolution: request.resolution }),
      parameters: request.parameters,
      needs: request.needs,
      ...(typicalGpuSeconds === undefined ? {} : { typicalGpuSeconds: typicalGpuSeconds * request.needs.gpus }),
      maxRetries: request.maxRetries,
      ...(request.callbackUrl === null ? {} : { callbackUrl: request.callbackUrl }),
      metadata: { ...request.metadata },
      requestedAt: toIso(request.requestedAt),
    };
    return newEvent(taskRequested, data, {
      tenantId: request.tenantId,
      ...(request.traceparent === null ? {} : { traceparent: request.traceparent }),
    });
  }
}

function tooFarBehind(why: string): AppError {
  return new AppError({
    kind: 'unavailable',
    code: 'service_unavailable',
    message: `${why}; try again in a few seconds.`,
    retryAfterMs: RETRY_AFTER_MS,
  });
}

function isNew(outcome: AcceptOutcome | undefined): boolean {
  return outcome?.kind === 'accepted' && !outcome.task.replayed;
}

/** In key order, so that two transactions that claim the same keys never wait for each other. */
function firstOfEachKey(entries: readonly Entry[]): readonly IdempotencyRecord[] {
  const byKey = new Map<string, IdempotencyRecord>();
  for (const { claim } of entries) {
    if (claim !== undefined && !byKey.has(keyOf(claim))) byKey.set(keyOf(claim), claim);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
}

function keyOf(record: IdempotencyRecord): string {
  return JSON.stringify([record.tenantId, record.route, record.key]);
}

function outcomeOf({ request, claim }: Entry, holders: ReadonlyMap<string, IdempotencyRecord>): AcceptOutcome {
  const holder = claim === undefined ? undefined : holders.get(keyOf(claim));
  if (claim === undefined || holder === undefined || holder.taskId === request.id) {
    return {
      kind: 'accepted',
      task: { taskId: request.id, estimatedS: request.estimatedS, traceparent: request.traceparent, replayed: false },
    };
  }
  if (holder.bodyHash !== claim.bodyHash) return { kind: 'refused', error: keyReused() };
  return {
    kind: 'accepted',
    task: { taskId: holder.taskId, estimatedS: holder.estimatedS, traceparent: holder.traceparent, replayed: true },
  };
}

function keyReused(): AppError {
  return new AppError({
    kind: 'validation',
    code: 'idempotency_key_reused',
    message: 'This Idempotency-Key was used with another body: send the same body, or a new key.',
    errors: [{ pointer: '/headers/idempotency-key', message: 'use a new key for a new request' }],
  });
}

/** The hash is of what the client sent, not of what was filled in: a drawn seed differs each time. */
function claimOf(request: TaskRequest, key: string, route: string, sent: unknown): IdempotencyRecord {
  return {
    tenantId: request.tenantId,
    key,
    route,
    bodyHash: canonicalHash(sent),
    taskId: request.id,
    estimatedS: request.estimatedS,
    traceparent: request.traceparent,
    createdAt: request.requestedAt,
  };
}
