/** States of a task as clients see them (API-05, api.md section 2). Terminal is final. */
export const TASK_STATES = ['queued', 'processing', 'completed', 'failed', 'cancelled', 'expired'] as const;
export type TaskState = (typeof TASK_STATES)[number];

export const TERMINAL_STATES = ['completed', 'failed', 'cancelled', 'expired'] as const satisfies readonly TaskState[];

/** What the scheduler tells of a task; one per event type on task.lifecycle. */
export const CHANGE_KINDS = [
  'queued',
  'scheduled',
  'started',
  'requeued',
  'completed',
  'failed',
  'cancelled',
  'expired',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** The state and phase each change leads to, and the name its server-sent event has. */
export const EFFECTS: Readonly<Record<ChangeKind, { state: TaskState; phase: TaskPhase | null; eventName: string }>> = {
  queued: { state: 'queued', phase: null, eventName: 'queued' },
  scheduled: { state: 'processing', phase: 'scheduled', eventName: 'scheduled' },
  started: { state: 'processing', phase: 'running', eventName: 'attempt' },
  requeued: { state: 'queued', phase: null, eventName: 'queued' },
  completed: { state: 'completed', phase: null, eventName: 'completed' },
  failed: { state: 'failed', phase: null, eventName: 'failed' },
  cancelled: { state: 'cancelled', phase: null, eventName: 'cancelled' },
  expired: { state: 'expired', phase: null, eventName: 'expired' },
};

export type TaskPhase = 'scheduled' | 'starting' | 'running' | 'finalizing';

export function isTerminal(state: TaskState): boolean {
  return (TERMINAL_STATES as readonly TaskState[]).includes(state);
}
