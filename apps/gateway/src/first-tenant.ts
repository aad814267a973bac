import { createHmac } from 'node:crypto';
import type { TenantId } from '@millrace/kernel';

/** The tenant that a new installation starts with. */
export const FIRST_TENANT = { tenantId: 'default' as TenantId, name: 'Default tenant' };

/** A pepper for a deployment that names none: of the principal key, and of no use to sign principals. */
export function pepperOf(principalKey: string): string {
  return createHmac('sha256', principalKey).update('millrace api key pepper').digest('hex');
}
