import { SCOPES, type Scope } from '@millrace/contracts';
import { AppError, type Clock, type Rng, type TenantId } from '@millrace/kernel';
import { apiKeyId, makeApiKey } from '../domain/api-key.js';
import { keyHash } from './key-hash.js';
import type { ApiKeyStore } from './ports/api-key-store.port.js';

export interface BootstrapInput {
  readonly tenantId: TenantId;
  readonly name: string;
  /** May the tenant use priority 1. */
  readonly interactive: boolean;
  /** A key to accept; without one a key is made when the tenant has none. */
  readonly key?: string;
  readonly scopes?: readonly Scope[];
}

export interface BootstrapResult {
  readonly tenantId: TenantId;
  /** The key in clear when it was given or made now; a stored one can't be shown again. */
  readonly key: string | undefined;
  readonly made: boolean;
}

/** Makes sure that there is a first tenant with a key. Running it again changes nothing. */
export class BootstrapTenant {
  constructor(
    private readonly store: ApiKeyStore,
    private readonly pepper: string,
    private readonly clock: Clock,
    private readonly rng: Rng,
  ) {}

  /** Error: `validation_failed` for a given key that is none of ours. */
  async execute(input: BootstrapInput): Promise<BootstrapResult> {
    const now = this.clock.now();
    const { tenantId, name, interactive } = input;
    await this.store.ensureTenant({ id: tenantId, name, interactive, createdAt: now });
    if (input.key === undefined && (await this.store.hasLiveKey(tenantId, now)))
      return { tenantId, key: undefined, made: false };
    const key = input.key ?? makeApiKey(this.rng);
    await this.store.add(
      {
        id: idOf(key),
        tenantId,
        hash: keyHash(key, this.pepper),
        scopes: input.scopes ?? SCOPES,
        interactive,
        expiresAt: null,
        revokedAt: null,
      },
      now,
    );
    return { tenantId, key, made: input.key === undefined };
  }
}

function idOf(key: string): string {
  const id = apiKeyId(key);
  if (id !== undefined) return id;
  throw new AppError({
    kind: 'validation',
    code: 'validation_failed',
    message:
      'The bootstrap API key is none of Millrace: it looks like mr_live_<8>_<38 characters> and carries a checksum. Leave it out to have one made.',
  });
}
