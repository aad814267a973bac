/**
 * Why a task waits, with the text a client reads: one closed vocabulary for `waiting_reason` (api.md section 3), the log,
 * the metric's label and the simulator's report. Admission uses the codes of money and rate, capacity those of pools.
 */
export const WAITING_REASONS = {
  no_fitting_worker: 'No worker that is up serves this task type with enough GPU memory.',
  pool_draining: 'Every worker that could run this task is about to stop.',
  pool_busy: 'Every worker that could run this task is busy.',
  retry_backoff: 'The last attempt failed; the next one starts after a pause of up to 30 seconds.',
  cycle_limit: 'The scheduler placed as many tasks as one cycle may; this one is looked at in the next.',
  tenant_quota: 'The tenant or its namespace already holds as many GPUs, CPUs or as much memory as its quota allows.',
  tenant_concurrency: 'The tenant already runs as many tasks at once as its quota allows.',
  gang_incomplete: 'Not all members of the gang have been submitted yet; they start together.',
  gang_no_room: 'The members of the gang do not all fit at once, close enough to each other.',
  held_for_older: 'The capacity that is free is held for a task that has waited longer than its maximum.',
  preempting: 'Tasks of a lower class are stopping at their next step to make room.',
  pool_scaling_up: 'Workers for this task are starting.',
  no_spot_capacity: 'No Spot capacity is to be had now, and the policy does not buy on-demand yet.',
  batch_not_triggered: 'The pool runs in batches, and the next batch has not been triggered yet.',
  paused_pool: 'The pool that would run this task is paused.',
  cold_model_load: 'A worker is loading the model that this task needs.',
  rate_limited: 'The tenant submits faster than its rate allows.',
  dependency: 'A task that this one depends on has not ended yet.',
} as const;
export type WaitingCode = keyof typeof WAITING_REASONS;
