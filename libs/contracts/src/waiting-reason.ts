import { z } from 'zod';

/**
 * Why a task waits: the codes of `waiting_reason`, in the API, in `queue.snapshot`, in the scheduler's log and its metric. A
 * later version may know more, so that readers take any text.
 */
export const WAITING_CODES = [
  'no_fitting_worker',
  'pool_draining',
  'pool_busy',
  'retry_backoff',
  'cycle_limit',
  'tenant_quota',
  'tenant_concurrency',
  'gang_incomplete',
  'gang_no_room',
  'held_for_older',
  'preempting',
  'pool_scaling_up',
  'no_spot_capacity',
  'batch_not_triggered',
  'paused_pool',
  'cold_model_load',
  'rate_limited',
  'dependency',
] as const;

/** Why a task waits, as `queue.snapshot` and the API tell it. */
export const waitingReason = z.object({
  code: z.string().describe(`One of ${WAITING_CODES.join(', ')}`),
  text: z.string(),
  evidence: z
    .record(z.string(), z.number().int())
    .optional()
    .describe('How many workers each filter refuses, by the name of the filter'),
});
