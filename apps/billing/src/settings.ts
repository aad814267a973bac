import { z } from 'zod';
import { DEFAULT_POLICY } from '@millrace/billing';
import type { VariableNames } from '@millrace/platform';

/** What billing may be told of a deployment, beside its database and its address. */
export const billingSettings = z.object({
  /** Who bears loading a model for a task: its tenant, or the platform (attribution rule 5). */
  loadBearer: z.enum(['tenant', 'platform'], 'write tenant or platform').default(DEFAULT_POLICY.loadBearer),
});
export const BILLING_VARIABLES: VariableNames<typeof billingSettings> = { loadBearer: 'MILLRACE_LOAD_BEARER' };
