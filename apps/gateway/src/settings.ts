import { z } from 'zod';
import type { VariableNames } from '@millrace/platform';

const flag = z.enum(['true', 'false'], 'write true or false').transform((text) => text === 'true');
const serviceUrl = z.url('an http or https URL is wanted');

function readRetries(entry: string): readonly [string, number] {
  const [type = '', retries] = entry.split('=');
  return [type, Number(retries)];
}

/** What the gateway needs to know of a deployment, beside its database, address, keys and object store. */
export const gatewaySettings = z.object({
  costCentre: z.string().min(1).default('default'),
  /** Failure retries of a task. */
  maxRetries: z.coerce.number().int().min(0).max(20).default(3),
  /** Failure retries of single types: `http=10,comfyui=5`. */
  maxRetriesByType: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}=([0-9]|1[0-9]|20)(,[A-Za-z0-9._-]{1,64}=([0-9]|1[0-9]|20))*$/, {
      error: 'write type=retries, with commas between, such as http=10,comfyui=5; 20 retries at most',
    })
    .transform((text) => Object.fromEntries(text.split(',').map(readRetries)))
    .optional(),
  /** Past this age of an event in the outbox, nothing more is accepted (503). */
  publishAgeMaxS: z.coerce.number().positive().default(30),
  /** Past this lag of the scheduler, nothing more is accepted (503). */
  dispatchLagMaxS: z.coerce.number().positive().default(60),
  /** Told to workers with each video task. */
  model: z.string().min(1).default('demo-video@1'),
  /** First guess of a task's seconds (API-02), until finished ones tell better. */
  typicalTaskS: z.coerce.number().positive().default(180),
  /** Offers the task type `noop`, which an engine that does nothing runs. */
  noopTasks: flag.prefault('false'),
  /** Allows `parameters.step_delay_ms`: for demonstrations and tests. */
  stepDelayAllowed: flag.prefault('false'),
  /** Priority 1 for the first tenant (B15). */
  bootstrapInteractive: flag.prefault('false'),
  /** A key that the first tenant is given at the start. */
  bootstrapApiKey: z.string().optional(),
  /** API keys are stored as HMACs with it; a change invalidates all keys. By default derived from the principal key. */
  keyPepper: z.string().min(32, 'at least 32 characters are wanted').optional(),
});
export type GatewaySettings = z.output<typeof gatewaySettings>;

export const GATEWAY_VARIABLES: VariableNames<typeof gatewaySettings> = {
  costCentre: 'MILLRACE_COST_CENTRE',
  maxRetries: 'MILLRACE_MAX_RETRIES',
  maxRetriesByType: 'MILLRACE_MAX_RETRIES_BY_TYPE',
  publishAgeMaxS: 'MILLRACE_PUBLISH_AGE_MAX_S',
  dispatchLagMaxS: 'MILLRACE_DISPATCH_LAG_MAX_S',
  model: 'MILLRACE_MODEL',
  typicalTaskS: 'MILLRACE_TYPICAL_TASK_S',
  noopTasks: 'MILLRACE_NOOP_TASKS',
  stepDelayAllowed: 'MILLRACE_STEP_DELAY_ALLOWED',
  bootstrapInteractive: 'MILLRACE_BOOTSTRAP_INTERACTIVE',
  bootstrapApiKey: 'MILLRACE_BOOTSTRAP_API_KEY',
  keyPepper: 'MILLRACE_KEY_PEPPER',
};

/** Where the other services answer. */
export const serviceSettings = z.object({ scheduler: serviceUrl, billing: serviceUrl, notifier: serviceUrl });
export type ServiceUrls = z.output<typeof serviceSettings>;

export const SERVICE_VARIABLES: VariableNames<typeof serviceSettings> = {
  scheduler: 'MILLRACE_SCHEDULER_URL',
  billing: 'MILLRACE_BILLING_URL',
  notifier: 'MILLRACE_NOTIFIER_URL',
};
