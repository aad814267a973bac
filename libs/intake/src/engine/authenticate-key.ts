import type { Principal } from '@millrace/contracts';
import { AppError, type Clock, type DurationMs } from '@millrace/kernel';
import { apiKeyId } from '../domain/api-key.js';
import { keyHash, sameHash } from './key-hash.js';
import type { ApiKeyRecord, ApiKeyStore } from './ports/api-key-store.port.js';

/** A revoked key works no longer than this (guarantees.md section 4). */
const CACHE_MS: DurationMs = 10_000;
const CACHE_MAX = 10_000;

interface Cached {
  readonly record: ApiKeyRecord | undefined;
  readonly untilMs: number;
}

/** Says who a key belongs to. Records are cached for 10 s; the key itself is never kept. */
export class AuthenticateKey {
  private readonly cache = new Map<string, Cached>();

  constructor(
    private readonly store: Pick<ApiKeyStore, 'find'>,
    private readonly pepper: string,
    private readonly clock: Clock,
  ) {}

  /** Errors: `api_key_missing`, `api_key_invalid` (unknown, wrong, revoked or expired: the caller is not told which). */
  async execute(authorization: string | undefined): Promise<Principal> {
    const key = bearerOf(authorization);
    const id = apiKeyId(key);
    const record = id === undefined ? undefined : await this.recordOf(id);
    if (record === undefined || !sameHash(record.hash, keyHash(key, this.pepper)) || !this.isLive(record))
      throw invalidKey();
    return { tenantId: record.tenantId, keyId: record.id, scopes: record.scopes, interactive: record.interactive };
  }

  private isLive(record: ApiKeyRecord): boolean {
    return record.revokedAt === null && (record.expiresAt === null || record.expiresAt > this.clock.now());
  }

  private async recordOf(id: string): Promise<ApiKeyRecord | undefined> {
    const nowMs = this.clock.monotonicMs();
    const cached = this.cache.get(id);
    if (cached !== undefined && cached.untilMs > nowMs) return cached.record;
    const record = await this.store.find(id);
    if (this.cache.size >= CACHE_MAX) this.cache.clear();
    this.cache.set(id, { record, untilMs: nowMs + CACHE_MS });
    return record;
  }
}

function bearerOf(authorization: string | undefined): string {
  const [, key] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (key !== undefined) return key;
  throw new AppError({
    kind: 'unauthorized',
    code: 'api_key_missing',
    message: 'Send your API key: Authorization: Bearer mr_live_….',
  });
}

function invalidKey(): AppError {
  return new AppError({
    kind: 'unauthorized',
    code: 'api_key_invalid',
    message: 'This API key is not known, or was revoked or has expired: check that it was copied whole.',
  });
}
