/** Where an attempt is on its worker. The scheduler's view of the task is another table, in scheduling. */
export const ATTEMPT_STATES = [
  'waiting',
  'preparing',
  'running',
  'uploading',
  'succeeded',
  'failed',
  'preempted',
  'cancelled',
  'abandoned',
] as const;
export type AttemptState = (typeof ATTEMPT_STATES)[number];

export const ATTEMPT_COMMANDS = [
  'prepare',
  'run',
  'upload',
  'succeed',
  'fail',
  'preempt',
  'cancel',
  'abandon',
] as const;
export type AttemptCommand = (typeof ATTEMPT_COMMANDS)[number];

/** The ways to end before the work is done; each may come in every live state. */
const INTERRUPTIONS = { preempt: 'preempted', cancel: 'cancelled', abandon: 'abandoned' } as const;

/**
 * `waiting` = leased, no slot free yet. `abandoned` = the lease was refused: the worker forgets the attempt and reports
 * nothing. A state without commands is final (guarantees.md section 1).
 */
export const ATTEMPT_TRANSITIONS: Readonly<Record<AttemptState, Partial<Record<AttemptCommand, AttemptState>>>> = {
  waiting: { prepare: 'preparing', ...INTERRUPTIONS },
  preparing: { run: 'running', fail: 'failed', ...INTERRUPTIONS },
  running: { upload: 'uploading', fail: 'failed', ...INTERRUPTIONS },
  uploading: { succeed: 'succeeded', fail: 'failed', ...INTERRUPTIONS },
  succeeded: {},
  failed: {},
  preempted: {},
  cancelled: {},
  abandoned: {},
};

/** The state after `command`, or undefined where the table has no such move. */
export function transition(state: AttemptState, command: AttemptCommand): AttemptState | undefined {
  return ATTEMPT_TRANSITIONS[state][command];
}

export function isFinal(state: AttemptState): boolean {
  return Object.keys(ATTEMPT_TRANSITIONS[state]).length === 0;
}
