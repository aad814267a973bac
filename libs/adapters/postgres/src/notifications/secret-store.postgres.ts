import type { SecretStore, TenantSecrets } from '@millrace/notifications/ports';
import type pg from 'pg';

interface SecretRow {
  readonly current: string;
  readonly created_at: Date;
  readonly previous: string | null;
  readonly previous_expires_at: Date | null;
}

const INSERT = `INSERT INTO notifier.secrets (tenant_id, current, created_at) VALUES ($1, $2, $3) ON CONFLICT (tenant_id) DO NOTHING`;
const SELECT = `SELECT current, created_at, previous, previous_expires_at FROM notifier.secrets WHERE tenant_id = $1`;

/** Tenants' webhook secrets in the schema `notifier`. */
export class PostgresSecretStore implements SecretStore {
  constructor(private readonly client: pg.ClientBase | pg.Pool) {}

  async readOrCreate(tenantId: string, fresh: TenantSecrets): Promise<TenantSecrets> {
    const known = await this.read(tenantId);
    if (known !== undefined) return known;
    await this.client.query({
      name: 'secret-insert',
      text: INSERT,
      values: [tenantId, fresh.current, new Date(fresh.createdAt)],
    });
    return (await this.read(tenantId)) ?? fresh;
  }

  private async read(tenantId: string): Promise<TenantSecrets | undefined> {
    const { rows } = await this.client.query<SecretRow>({ name: 'secret-select', text: SELECT, values: [tenantId] });
    const [row] = rows;
    if (row === undefined) return undefined;
    const { previous, previous_expires_at: expiresAt } = row;
    return {
      current: row.current,
      createdAt: row.created_at.getTime(),
      ...(previous === null || expiresAt === null
        ? {}
        : { previous: { secret: previous, expiresAt: expiresAt.getTime() } }),
    };
  }
}
