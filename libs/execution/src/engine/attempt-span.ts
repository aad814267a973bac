import type { Span, Tracer } from '@millrace/messaging/ports';
import type { Assignment } from './assignment.js';

/** The span of one attempt, under the trace that its assignment came with (guarantees.md section 5). */
export function startAttemptSpan(tracer: Tracer, assignment: Assignment, traceparent: string | undefined): Span {
  return tracer.startSpan('task.attempt', {
    kind: 'consumer',
    parent: traceparent,
    attributes: {
      'millrace.task.id': assignment.taskId,
      'millrace.task.type': assignment.taskType,
      'millrace.attempt.number': assignment.attempt,
      'millrace.attempt.epoch': assignment.epoch,
      'millrace.worker.id': assignment.workerId,
    },
  });
}
