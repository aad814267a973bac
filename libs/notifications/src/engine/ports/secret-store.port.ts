import type { Instant } from '@millrace/kernel';

/** A tenant's default secrets: one, or two while rotating. */
export interface TenantSecrets {
  /** `whsec_` and base64 of 24 to 64 random bytes. */
  readonly current: string;
  readonly createdAt: Instant;
  readonly previous?: { readonly secret: string; readonly expiresAt: Instant };
}

export interface SecretStore {
  /** The tenant's secrets; where there are none, `fresh` becomes them. Exactly one of several callers wins. */
  readOrCreate(tenantId: string, fresh: TenantSecrets): Promise<TenantSecrets>;
}
