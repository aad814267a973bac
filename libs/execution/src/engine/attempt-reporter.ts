import { attemptReported } from '@millrace/contracts';
import { newEvent } from '@millrace/messaging/ports';
import type { Assignment, AttemptReport } from './assignment.js';
import type { EventOutlet, Receipt } from './event-outlet.js';

/** What names an attempt and its worker in every report. */
export type ReportedAttempt = Pick<
  Assignment,
  'workerId' | 'incarnation' | 'taskId' | 'tenantId' | 'attempt' | 'epoch'
>;

export type ReportFields = Omit<AttemptReport, keyof ReportedAttempt | 'number'>;

/** Says what becomes of one attempt under one lease: reports numbered from 1, in order, spooled until the bus has them. */
export class AttemptReporter {
  private number = 0;

  constructor(
    private readonly attempt: ReportedAttempt,
    private readonly outlet: EventOutlet,
    /** The attempt's trace context: what follows from a report belongs to the task's trace. */
    private readonly traceparent: string | undefined,
  ) {}

  /** Whether the scheduler was told of the attempt at all. */
  get hasReported(): boolean {
    return this.number > 0;
  }

  report(fields: ReportFields): Receipt {
    const { workerId, incarnation, taskId, tenantId, attempt, epoch } = this.attempt;
    this.number += 1;
    const data = { workerId, incarnation, taskId, tenantId, attempt, epoch, number: this.number, ...fields };
    const attributes = this.traceparent === undefined ? {} : { traceparent: this.traceparent };
    return this.outlet.send([newEvent(attemptReported, data, { tenantId, ...attributes })]);
  }
}
