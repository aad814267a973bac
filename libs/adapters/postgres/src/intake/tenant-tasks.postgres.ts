import { toIso } from '@millrace/kernel';
import type { TenantStores } from '@millrace/intake/ports';
import type pg from 'pg';
import { actAsTenant } from '../pool/act-as-tenant.js';
import { INTAKE_SCHEMA } from './intake-schema.js';
import { taskFromRow, type TaskRow } from './task.mapping.js';

const s = INTAKE_SCHEMA;

const LOCK = `SELECT * FROM ${s}.tasks WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE`;
const MARK = `UPDATE ${s}.tasks SET cancel_requested_at = $3 WHERE tenant_id = $1 AND id = ANY($2::uuid[])`;
const ERASE = `UPDATE ${s}.tasks SET erased_at = coalesce(erased_at, $3),
    request = request || '{"input": null, "callbackUrl": null, "metadata": {}}'::jsonb
  WHERE tenant_id = $1 AND id = $2`;

/** What one tenant's call changes; the connection's role is `_request`, under row-level security. */
export function createTenantStores(client: pg.ClientBase): TenantStores {
  return {
    tenant: {
      enter: (tenantId) => actAsTenant(client, tenantId),
      lock: async (tenantId, ids) => {
        const { rows } = await client.query<TaskRow>({
          name: 'intake-tenant-lock',
          text: LOCK,
          values: [tenantId, ids],
        });
        return rows.map(taskFromRow);
      },
      markCancelRequested: async (tenantId, ids, at) => {
        await client.query({ name: 'intake-tenant-cancel', text: MARK, values: [tenantId, ids, toIso(at)] });
      },
      erase: async (tenantId, id, at) => {
        await client.query({ name: 'intake-tenant-erase', text: ERASE, values: [tenantId, id, toIso(at)] });
      },
    },
  };
}
