import { leaseRefused } from '@millrace/contracts';
import { newEvent, type NewEvent } from '@millrace/messaging/ports';
import type { Task } from '../domain/task.js';

interface Recipient {
  readonly workerId: string;
  readonly incarnation: string;
}

interface RefusedAttempt {
  readonly taskId: string;
  readonly attempt: number;
  readonly epoch: number;
}

/** Tells a worker to stop an attempt whose lease is not its own, or no longer; the task as far as it is known. */
export function leaseRefusal(
  { workerId, incarnation }: Recipient,
  { taskId, attempt, epoch }: RefusedAttempt,
  task: Task | undefined,
): NewEvent {
  const tenantId = task?.tenantId ?? '';
  return newEvent(
    leaseRefused,
    { workerId, incarnation, taskId, tenantId, attempt, epoch, currentEpoch: task?.epoch ?? 0 },
    {
      ...(task === undefined ? {} : { tenantId }),
      ...(typeof task?.traceparent === 'string' ? { traceparent: task.traceparent } : {}),
    },
  );
}
