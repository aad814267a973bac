import { checkApplications } from './checks/check-applications.js';
import { checkCancels } from './checks/check-cancels.js';
import { checkCharges, checkLedger } from './checks/check-charges.js';
import { checkEnds } from './checks/check-ends.js';
import { checkKeys } from './checks/check-keys.js';
import { checkLeases } from './checks/check-leases.js';
import { checkLeftovers } from './checks/check-leftovers.js';
import { checkLifecycle } from './checks/check-lifecycle.js';
import { checkTenants } from './checks/check-tenants.js';
import { checkTraces } from './checks/check-traces.js';
import { checkWebhooks } from './checks/check-webhooks.js';
import type { History } from './history.js';
import type { Violation } from './violation.js';

/** The longest time in which a cancellation may travel while services are down: outages of a minute, and their relays. */
export const CANCEL_GRACE_MS = 180_000;

export interface CheckOptions {
  /** Default: three minutes. Longer where a test keeps services down for longer. */
  readonly cancelGraceMs?: number;
}

/** Every assertion of guarantees.md section 6 over a history. Empty: the promises were kept. */
export function checkHistory(history: History, options: CheckOptions = {}): readonly Violation[] {
  return [
    ...checkEnds(history),
    ...checkKeys(history),
    ...checkLifecycle(history),
    ...checkLeases(history),
    ...checkCancels(history, options.cancelGraceMs ?? CANCEL_GRACE_MS),
    ...checkCharges(history),
    ...checkLedger(history),
    ...checkApplications(history),
    ...checkWebhooks(history),
    ...checkTenants(history),
    ...checkTraces(history),
    ...checkLeftovers(history),
  ];
}
