import type { Scope } from '@millrace/contracts';
import type { Instant, TenantId } from '@millrace/kernel';

/** A key as it is stored: never the key itself. */
export interface ApiKeyRecord {
  /** The public part of the key. */
  readonly id: string;
  readonly tenantId: TenantId;
  /** HMAC-SHA-256 of the whole key with the pepper, hex. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  /** The tenant's entitlement to priority 1. */
  readonly interactive: boolean;
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
}

export interface NewTenant {
  readonly id: TenantId;
  readonly name: string;
  readonly interactive: boolean;
  readonly createdAt: Instant;
}

/** Keys and tenants. Looked up before the tenant is known, so outside of row-level security. */
export interface ApiKeyStore {
  find(id: string): Promise<ApiKeyRecord | undefined>;
  /** Makes the tenant when it is missing. True when this call made it. */
  ensureTenant(tenant: NewTenant): Promise<boolean>;
  /** Adds a key; one with the same id stays as it is. */
  add(key: ApiKeyRecord, createdAt: Instant): Promise<void>;
  hasLiveKey(tenantId: TenantId, now: Instant): Promise<boolean>;
}
