import type pg from 'pg';

/**
 * Names the tenant for the rest of the transaction. Row-level security shows the `_request` role this tenant's rows
 * only, and none before the call (guarantees.md section 4).
 */
export async function actAsTenant(client: pg.ClientBase, tenantId: string): Promise<void> {
  await client.query({
    name: 'act-as-tenant',
    text: `SELECT set_config('app.tenant_id', $1, true)`,
    values: [tenantId],
  });
}
