import type { Clock, Rng } from '@millrace/kernel';
import type { SecretStore, TenantSecrets } from './ports/secret-store.port.js';

/** Standard Webhooks asks for 24 to 64 bytes. */
const SECRET_BYTES = 32;

/** A tenant's default webhook secret, made at its first use. */
export class ReadSecrets {
  constructor(
    private readonly store: SecretStore,
    private readonly clock: Clock,
    private readonly rng: Rng,
  ) {}

  run(tenantId: string): Promise<TenantSecrets> {
    const current = `whsec_${Buffer.from(this.rng.bytes(SECRET_BYTES)).toString('base64')}`;
    return this.store.readOrCreate(tenantId, { current, createdAt: this.clock.now() });
  }

  /** The secrets that sign now: the current one, and the previous one until it expires. */
  async signing(tenantId: string): Promise<readonly string[]> {
    const { current, previous } = await this.run(tenantId);
    return previous !== undefined && previous.expiresAt > this.clock.now() ? [current, previous.secret] : [current];
  }
}
