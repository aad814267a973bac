/** Reasons of a failed task, a closed vocabulary (api.md section 2). */
export const FAILURE_REASONS = [
  'timeout',
  'out_of_memory',
  'crash',
  'invalid_input',
  'invalid_output',
  'budget_exceeded',
  'preemption_limit',
  'dead_lettered',
  'upstream_error',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

const REASON_OF_CODE: Readonly<Record<string, FailureReason>> = {
  engine_crashed: 'crash',
  attempt_timed_out: 'timeout',
  engine_input_invalid: 'invalid_input',
  image_unreadable: 'invalid_input',
  dead_lettered: 'dead_lettered',
};

/** The reason that an error's code stands for. A code that is itself a reason stands for itself; others are a crash. */
export function failureReason(code: string): FailureReason {
  return REASON_OF_CODE[code] ?? FAILURE_REASONS.find((reason) => reason === code) ?? 'crash';
}
