import { leaseRefused, type EventData, type attemptReported } from '@millrace/contracts';
import { assertNever, type TaskId } from '@millrace/kernel';
import { newEvent, type NewEvent, type ReceivedEvent } from '@millrace/messaging/ports';
import type { ReportFacts, TaskCommand } from '../domain/task-command.js';
import type { Failure } from '../domain/task-work.js';
import { judgeReport } from '../domain/judge-report.js';
import { INBOX } from './consumer-names.js';
import { runAsLeader, type SchedulingContext } from './scheduling-context.js';
import { TaskChanges } from './task-changes.js';

type Report = EventData<typeof attemptReported>;
export type AttemptReportedEvent = ReceivedEvent<Report>;

const UNEXPLAINED: Failure = {
  code: 'engine_crashed',
  message: 'The worker reported a failure without saying why.',
  retryable: true,
};

/**
 * Moves tasks by what their workers report. Only the live lease's epoch counts: a stale report changes nothing, costs
 * nothing, and is answered with `lease.refused` so that the worker stops (P7).
 */
export class ApplyReports {
  constructor(private readonly context: SchedulingContext) {}

  /** Returns how many leases ended, that is, how many slots are free again. */
  async execute(events: readonly AttemptReportedEvent[]): Promise<number> {
    const { clock, watch, record, leaseMs, observer } = this.context;
    let refused = 0;
    const changes = await runAsLeader(this.context, async (scope) => {
      const fresh = (await scope.inbox.claim(INBOX.reports, events)) as readonly AttemptReportedEvent[];
      const tasks = await scope.tasks.load([...new Set(fresh.map(({ data }) => data.taskId as TaskId))]);
      const batch = new TaskChanges(tasks, { now: clock.now(), leaseMs });
      refused = fresh.filter(({ data, traceparent }) => !this.applyOne(batch, data, traceparent)).length;
      await batch.write(scope);
      return batch;
    });
    const { ended } = changes.leases();
    watch.ended(ended);
    observer.forecast(record.closed(changes.closed(), clock.now()));
    if (refused > 0) observer.refused(refused);
    return ended.length;
  }

  /** False when the report was refused. */
  private applyOne(batch: TaskChanges, report: Report, traceparent: string | undefined): boolean {
    const taskId = report.taskId as TaskId;
    const task = batch.task(taskId);
    const verdict = judgeReport(task, report);
    if (verdict === 'accepted') batch.apply(taskId, toCommand(report));
    if (verdict === 'refused') batch.tell(refusal(report, task?.epoch ?? 0, task?.traceparent ?? traceparent));
    return verdict !== 'refused';
  }
}

function refusal(report: Report, currentEpoch: number, traceparent: string | undefined): NewEvent {
  const { workerId, incarnation, taskId, tenantId, attempt, epoch } = report;
  return newEvent(
    leaseRefused,
    { workerId, incarnation, taskId, tenantId, attempt, epoch, currentEpoch },
    { tenantId, ...(traceparent === undefined ? {} : { traceparent }) },
  );
}

function toCommand(data: Report): Exclude<TaskCommand, { kind: 'requested' }> {
  const report = toFacts(data);
  switch (data.kind) {
    case 'started':
    case 'checkpointed':
    case 'preempted':
    case 'cancelled':
      return { kind: data.kind, report };
    case 'succeeded':
      return {
        kind: 'succeeded',
        report,
        result: { artifacts: data.artifacts ?? [], media: data.media ?? null, engine: data.engine ?? '' },
      };
    case 'failed':
      return { kind: 'failed', report, error: data.error ?? UNEXPLAINED };
    default:
      return assertNever(data.kind, 'kind of report');
  }
}

function toFacts(data: Report): ReportFacts {
  return {
    number: data.number,
    atMs: data.at,
    gpuMs: data.gpuMs,
    step: data.step,
    resumedFromStep: data.resumedFromStep ?? null,
    checkpoint: data.checkpoint ?? null,
    segmentCount: data.segmentCount ?? null,
  };
}
