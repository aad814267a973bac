import { BILLING_VARIABLES, billingSettings, type BillingOptions } from '@millrace/app-billing';
import { GATEWAY_VARIABLES, gatewaySettings, type GatewaySettings } from '@millrace/app-gateway';
import { SCHEDULER_VARIABLES, schedulerSettings, type SchedulerAppSettings } from '@millrace/app-scheduler';
import { loadSettings, type SettingSource } from '@millrace/platform';

/** What the services of this process are told, each by its own variables. */
export interface ServiceSettings {
  readonly gateway: GatewaySettings;
  readonly scheduler: SchedulerAppSettings;
  readonly billing: NonNullable<BillingOptions['policy']>;
}

/** A laptop's values, where they differ from a deployment's. */
const LAPTOP = {
  /** First guess of what the demonstration model needs; measured ones take its place. */
  MILLRACE_TYPICAL_TASK_S: '10',
  MILLRACE_STEP_DELAY_ALLOWED: 'true',
  /** A second process with the name cannot be: the home is locked. */
  MILLRACE_SCHEDULER_HOLDER: 'standalone',
} as const;

/** Throws one validation error that names the variable and what is wanted. */
export function readServiceSettings(outside: SettingSource): ServiceSettings {
  const source = { ...LAPTOP, ...outside };
  return {
    gateway: loadSettings(gatewaySettings, GATEWAY_VARIABLES, source),
    scheduler: loadSettings(schedulerSettings, SCHEDULER_VARIABLES, source),
    billing: loadSettings(billingSettings, BILLING_VARIABLES, source),
  };
}
