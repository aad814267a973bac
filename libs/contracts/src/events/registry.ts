import type { EventDefinition } from '../define-event.js';
import { attemptCancelled } from './attempt-cancelled.v1.js';
import { attemptClosed } from './attempt-closed.v1.js';
import { attemptReported } from './attempt-reported.v1.js';
import { capacityChanged } from './capacity-changed.v1.js';
import { drainRequested } from './drain-requested.v1.js';
import { leaseRefused } from './lease-refused.v1.js';
import { notificationDelivered } from './notification-delivered.v1.js';
import { preemptRequested } from './preempt-requested.v1.js';
import { queueSnapshot } from './queue-snapshot.v1.js';
import { taskAssigned } from './task-assigned.v1.js';
import { taskCancelRequested } from './task-cancel-requested.v1.js';
import { taskCancelled } from './task-cancelled.v1.js';
import { taskCharged } from './task-charged.v1.js';
import { taskCompleted } from './task-completed.v1.js';
import { taskExpired } from './task-expired.v1.js';
import { taskFailed } from './task-failed.v1.js';
import { taskProgressed } from './task-progressed.v1.js';
import { taskQueued } from './task-queued.v1.js';
import { taskRequested } from './task-requested.v1.js';
import { taskRequeued } from './task-requeued.v1.js';
import { taskScheduled } from './task-scheduled.v1.js';
import { taskStarted } from './task-started.v1.js';
import { usageRecorded } from './usage-recorded.v1.js';
import { workerHeartbeat } from './worker-heartbeat.v1.js';
import { workerRegistered } from './worker-registered.v1.js';

/** Every event of Millrace. The documents, the fixture tests and the consumers' type check are made from this list. */
export const EVENTS: readonly EventDefinition[] = [
  taskRequested,
  taskCancelRequested,
  taskQueued,
  taskScheduled,
  taskStarted,
  taskRequeued,
  taskCompleted,
  taskFailed,
  taskCancelled,
  taskExpired,
  taskAssigned,
  attemptCancelled,
  leaseRefused,
  drainRequested,
  preemptRequested,
  attemptReported,
  attemptClosed,
  taskProgressed,
  workerRegistered,
  workerHeartbeat,
  usageRecorded,
  capacityChanged,
  taskCharged,
  queueSnapshot,
  notificationDelivered,
];

const byType = new Map(EVENTS.map((event) => [event.type, event]));

/** The definition of an event type, or undefined for a type this version does not know. */
export function eventOfType(type: string): EventDefinition | undefined {
  return byType.get(type);
}
