import {
  attemptCancelled,
  drainRequested,
  leaseRefused,
  preemptRequested,
  taskAssigned,
  type EventData,
} from '@millrace/contracts';
import { isEvent, type ReceivedEvent } from '@millrace/messaging/ports';
import type { Assignment } from './assignment.js';

/** Who a worker is: commands of another incarnation are none of its business. */
export type CommandRecipient = Pick<Assignment, 'workerId' | 'incarnation'>;

/** What a worker does about each kind of command. */
export interface CommandHandlers {
  assigned(assignment: Assignment, traceparent: string | undefined): void;
  cancelled(command: EventData<typeof attemptCancelled>, traceparent: string | undefined): void;
  preempted(command: EventData<typeof preemptRequested>): void;
  refused(command: EventData<typeof leaseRefused>): void;
  drained(reason: string): void;
}

/** Hands a command to its handler; one of another recipient or of an unknown kind is passed over. */
export function takeCommand(event: ReceivedEvent, own: CommandRecipient, handlers: CommandHandlers): void {
  const isMine = ({ workerId, incarnation }: CommandRecipient): boolean =>
    workerId === own.workerId && incarnation === own.incarnation;
  if (isEvent(event, taskAssigned)) {
    if (isMine(event.data)) handlers.assigned(event.data, event.traceparent);
  } else if (isEvent(event, attemptCancelled)) {
    if (isMine(event.data)) handlers.cancelled(event.data, event.traceparent);
  } else if (isEvent(event, preemptRequested)) {
    if (isMine(event.data)) handlers.preempted(event.data);
  } else if (isEvent(event, leaseRefused)) {
    if (isMine(event.data)) handlers.refused(event.data);
  } else if (isEvent(event, drainRequested) && isMine(event.data)) {
    handlers.drained(event.data.reason);
  }
}
