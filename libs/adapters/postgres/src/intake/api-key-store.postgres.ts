import type { Scope } from '@millrace/contracts';
import { toIso, type Instant, type TenantId } from '@millrace/kernel';
import type { ApiKeyRecord, ApiKeyStore, NewTenant } from '@millrace/intake/ports';
import type pg from 'pg';
import { mappingFaults } from '../pool/map-fault.js';
import { INTAKE_SCHEMA } from './intake-schema.js';

const s = INTAKE_SCHEMA;

interface ApiKeyRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly interactive: boolean;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
}

const FIND = `SELECT k.id, k.tenant_id, k.hash, k.scopes, t.interactive, k.expires_at, k.revoked_at
  FROM ${s}.api_keys k JOIN ${s}.tenants t ON t.id = k.tenant_id WHERE k.id = $1`;
const ADD_TENANT = `INSERT INTO ${s}.tenants (id, name, interactive, created_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (id) DO NOTHING`;
const ADD_KEY = `INSERT INTO ${s}.api_keys (id, tenant_id, hash, scopes, created_at, expires_at, revoked_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`;
const HAS_LIVE = `SELECT EXISTS (SELECT 1 FROM ${s}.api_keys
  WHERE tenant_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)) AS found`;

/** Tenants and keys; the pool's role is `_system`, for a key is looked up before its tenant is known. */
export class PostgresApiKeyStore implements ApiKeyStore {
  constructor(private readonly pool: pg.Pool) {}

  async find(id: string): Promise<ApiKeyRecord | undefined> {
    const query = { name: 'intake-find-key', text: FIND, values: [id] };
    const { rows } = await mappingFaults(() => this.pool.query<ApiKeyRow>(query));
    return rows[0] === undefined ? undefined : keyFromRow(rows[0]);
  }

  async ensureTenant(tenant: NewTenant): Promise<boolean> {
    const values = [tenant.id, tenant.name, tenant.interactive, toIso(tenant.createdAt)];
    const { rowCount } = await mappingFaults(() => this.pool.query(ADD_TENANT, values));
    return rowCount === 1;
  }

  async add(key: ApiKeyRecord, createdAt: Instant): Promise<void> {
    const values = [
      key.id,
      key.tenantId,
      key.hash,
      key.scopes,
      toIso(createdAt),
      isoOrNull(key.expiresAt),
      isoOrNull(key.revokedAt),
    ];
    await mappingFaults(() => this.pool.query(ADD_KEY, values));
  }

  async hasLiveKey(tenantId: TenantId, now: Instant): Promise<boolean> {
    const { rows } = await mappingFaults(() => this.pool.query<{ found: boolean }>(HAS_LIVE, [tenantId, toIso(now)]));
    return rows[0]?.found === true;
  }
}

function keyFromRow(row: ApiKeyRow): ApiKeyRecord {
  return {
    id: row.id,
    tenantId: row.tenant_id as TenantId,
    hash: row.hash,
    scopes: row.scopes,
    interactive: row.interactive,
    expiresAt: row.expires_at?.getTime() ?? null,
    revokedAt: row.revoked_at?.getTime() ?? null,
  };
}

function isoOrNull(instant: Instant | null): string | null {
  return instant === null ? null : toIso(instant);
}
