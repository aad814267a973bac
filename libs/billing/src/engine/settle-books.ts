import { taskCharged } from '@millrace/contracts';
import { toIso, type Clock } from '@millrace/kernel';
import { newEvent, type NewEvent } from '@millrace/messaging/ports';
import { finalClosure, type AttributionPolicy } from '../domain/attribution-rules.js';
import { chargeTask, type Charge, type EvaluatedSegment } from '../domain/charge-task.js';
import { closingLines } from '../domain/close-instance.js';
import { evaluateSegment } from '../domain/evaluate-segment.js';
import { NOT_POSTED, reconcile } from '../domain/ledger.js';
import { instanceBook, type InstanceBook } from '../domain/price-book.js';
import type { Segment } from '../domain/segment.js';
import type { BillingScope } from './ports/billing-scope.port.js';
import type { StoredClosure } from './ports/closure-store.port.js';
import type { ClosingStanding, PostedEntry } from './ports/ledger-store.port.js';
import type { SegmentStatus } from './ports/segment-store.port.js';
import { groupBy, unique } from './grouping.js';
import { sameStatus, statusOf } from './segment-status.js';

/** What new facts may have changed. Its instances are locked already. */
export interface Touched {
  readonly segments: readonly Segment[];
  readonly taskIds: readonly string[];
  readonly instanceIds: readonly string[];
}

/**
 * Brings the ledger in line with the facts. Facts (segments, prices, closures) are sets that only grow; what the
 * ledger should say is a pure function of them. This class evaluates that function for everything a new fact may have
 * changed, and posts the difference. So the books depend on what is known and not on the order in which it came, and
 * a replay, which adds no fact, posts nothing (P11).
 *
 * Several consumers do so at once. Every transaction takes its locks before it reads, in this order: the instances
 * whose facts it adds; then the facts; then the tasks of all segments it will evaluate. A segment is evaluated only
 * under the lock of its task (of its instance, where it has no task). Of two transactions whose facts meet in a
 * segment, the later one therefore sees the facts of both. A lock rather than an optimistic retry, because the
 * contended case is the normal one: the last usage and the end of an attempt arrive in the same moment.
 */
export class SettleBooks {
  constructor(
    private readonly clock: Clock,
    private readonly policy: AttributionPolicy,
  ) {}

  async settle(scope: BillingScope, touched: Touched): Promise<void> {
    // 1. Lock the tasks, then read all facts.
    const taskIds = unique([...touched.taskIds, ...touched.segments.flatMap(({ work }) => work?.taskId ?? [])]);
    await scope.locks.tasks(taskIds);
    const closures = groupBy(await scope.closures.ofTasks(taskIds), ({ taskId }) => taskId);
    const ended = taskIds.filter((taskId) => finalClosure(closures.get(taskId) ?? []) !== undefined);
    const segments = await this.affected(scope, touched, ended);
    const books = await readBooks(scope, unique([...touched.instanceIds, ...segments.map((each) => each.instanceId)]));
    // 2. Evaluate, and post the differences.
    const evaluated = await this.evaluate(scope, segments, books, closures);
    await this.post(scope, evaluated, closures);
    // 3. Close the instances that are not held any more.
    await this.closeInstances(
      scope,
      touched.instanceIds.flatMap((id) => books.get(id) ?? []),
    );
    // 4. Charge the tasks that are complete.
    await this.charge(scope, ended, evaluated, closures);
  }

  private async affected(scope: BillingScope, touched: Touched, ended: readonly string[]): Promise<readonly Segment[]> {
    const ofTasks = await scope.segments.ofTasks(unique([...touched.taskIds, ...ended]));
    return [...new Map([...touched.segments, ...ofTasks].map((each) => [each.segmentId, each])).values()];
  }

  private async evaluate(
    scope: BillingScope,
    segments: readonly Segment[],
    books: ReadonlyMap<string, InstanceBook>,
    closures: ReadonlyMap<string, readonly StoredClosure[]>,
  ): Promise<readonly EvaluatedSegment[]> {
    const neighbours = groupBy(await scope.segments.meeting(segments), gpuOf);
    return segments.map((segment) => ({
      segment,
      evaluation: evaluateSegment(
        segment,
        {
          book: books.get(segment.instanceId),
          closures: closures.get(segment.work?.taskId ?? '') ?? [],
          neighbours: neighbours.get(gpuOf(segment)) ?? [],
        },
        this.policy,
      ),
    }));
  }

  private async post(
    scope: BillingScope,
    evaluated: readonly EvaluatedSegment[],
    closures: ReadonlyMap<string, readonly StoredClosure[]>,
  ): Promise<void> {
    const known = await scope.segments.statuses(evaluated.map(({ segment }) => segment.segmentId));
    const before = new Map(known.map((status) => [status.segmentId, status]));
    const entries: PostedEntry[] = [];
    const statuses: SegmentStatus[] = [];
    for (const { segment, evaluation } of evaluated) {
      const { segmentId } = segment;
      const rate = reconcile('rate', segmentId, before.get(segmentId)?.rate ?? NOT_POSTED, evaluation.rate);
      const settle = reconcile('settle', segmentId, before.get(segmentId)?.settle ?? NOT_POSTED, evaluation.settle);
      const context = contextOf(segment, closures);
      entries.push(...[...rate.entries, ...settle.entries].map((entry) => ({ ...entry, context })));
      const status = statusOf(segment, evaluation, rate.standing, settle.standing);
      if (!sameStatus(before.get(segmentId), status)) statuses.push(status);
    }
    await scope.ledger.append(entries, this.clock.now());
    await scope.segments.saveStatuses(statuses);
  }

  private async closeInstances(scope: BillingScope, books: readonly InstanceBook[]): Promise<void> {
    const closed = books.filter(({ heldUntilMs }) => heldUntilMs !== undefined);
    if (closed.length === 0) return;
    const instanceIds = closed.map(({ instanceId }) => instanceId);
    const usage = groupBy(await scope.segments.ratedUsage(instanceIds), gpuOf);
    const known = new Map((await scope.ledger.closings(instanceIds)).map((each) => [gpuOf(each), each.standing]));
    const entries: PostedEntry[] = [];
    const closings: ClosingStanding[] = [];
    for (const { book, gpu } of closed.flatMap((each) => gpusOf(each).map((gpu) => ({ book: each, gpu })))) {
      const context = { instanceId: book.instanceId, gpu, work: undefined };
      const subject = gpuOf(context);
      const next = reconcile(
        'close',
        subject,
        known.get(subject) ?? NOT_POSTED,
        closingLines(book, usage.get(subject) ?? []),
      );
      if (next.entries.length === 0) continue;
      entries.push(...next.entries.map((entry) => ({ ...entry, context })));
      closings.push({ instanceId: book.instanceId, gpu, standing: next.standing });
    }
    await scope.ledger.append(entries, this.clock.now());
    await scope.ledger.saveClosings(closings);
  }

  private async charge(
    scope: BillingScope,
    ended: readonly string[],
    evaluated: readonly EvaluatedSegment[],
    closures: ReadonlyMap<string, readonly StoredClosure[]>,
  ): Promise<void> {
    const charged = await scope.charges.charged(ended);
    const byTask = groupBy(evaluated, ({ segment }) => segment.work?.taskId ?? '');
    const due = ended
      .filter((taskId) => !charged.has(taskId))
      .flatMap((taskId) => chargeTask(closures.get(taskId) ?? [], byTask.get(taskId) ?? []) ?? []);
    if (due.length === 0) return;
    const now = this.clock.now();
    const inserted = new Set(await scope.charges.insert(due, now));
    const fresh = due.filter(({ taskId }) => inserted.has(taskId));
    await scope.outbox.add(fresh.map((charge) => chargedEvent(charge, toIso(now), closures.get(charge.taskId) ?? [])));
  }
}

async function readBooks(
  scope: BillingScope,
  instanceIds: readonly string[],
): Promise<ReadonlyMap<string, InstanceBook>> {
  const changes = groupBy(await scope.prices.ofInstances(instanceIds), ({ instanceId }) => instanceId);
  const lastClosed = await scope.closures.lastClosedMs(instanceIds);
  return new Map(
    instanceIds.flatMap((id) => {
      const book = instanceBook(changes.get(id) ?? [], lastClosed.get(id));
      return book === undefined ? [] : [[id, book] as const];
    }),
  );
}

function gpuOf({ instanceId, gpu }: { readonly instanceId: string; readonly gpu: number }): string {
  return `${instanceId}/${gpu}`;
}

function gpusOf({ gpus }: InstanceBook): readonly number[] {
  return Array.from({ length: gpus }, (_, gpu) => gpu);
}

function contextOf(
  { instanceId, gpu, work }: Segment,
  closures: ReadonlyMap<string, readonly StoredClosure[]>,
): PostedEntry['context'] {
  if (work === undefined) return { instanceId, gpu, work: undefined };
  const { taskId, attempt, epoch } = work;
  const tenantId = closures.get(taskId)?.[0]?.tenantId ?? work.tenantId;
  return { instanceId, gpu, work: { tenantId, taskId, attempt, epoch } };
}

function chargedEvent(charge: Charge, chargedAt: string, closures: readonly StoredClosure[]): NewEvent {
  const traceparent =
    finalClosure(closures) === undefined ? undefined : closures.find((each) => each.final)?.traceparent;
  return newEvent(
    taskCharged,
    {
      taskId: charge.taskId,
      tenantId: charge.tenantId,
      sequence: charge.sequence,
      chargedAt,
      cost: String(charge.cost),
      currency: 'USD',
      gpuMs: charge.gpuMs,
      billedGpuMs: charge.billedGpuMs,
      pricePerGpuHour: String(charge.pricePerGpuHour),
      byAttempt: charge.byAttempt.map(({ attempt, epoch, outcome, gpuMs, cost, account }) => ({
        attempt,
        epoch,
        outcome,
        gpuMs,
        cost: String(cost),
        account,
      })),
    },
    { tenantId: charge.tenantId, ...(traceparent === undefined ? {} : { traceparent }) },
  );
}
