import type { SecretStore, TenantSecrets } from '../engine/ports/index.js';

/** Secrets in memory. */
export class InMemorySecretStore implements SecretStore {
  private readonly secrets = new Map<string, TenantSecrets>();

  async readOrCreate(tenantId: string, fresh: TenantSecrets): Promise<TenantSecrets> {
    const known = this.secrets.get(tenantId) ?? fresh;
    this.secrets.set(tenantId, known);
    return known;
  }

  /** Puts a rotation in place. */
  set(tenantId: string, secrets: TenantSecrets): void {
    this.secrets.set(tenantId, secrets);
  }
}
