import type pg from 'pg';
import { actAsTenant } from './act-as-tenant.js';
import { mappingFaults } from './map-fault.js';

/** Runs `work` in a transaction that sees one tenant's rows. The pool's role is the service's `_request` role. */
export function asTenant<Result>(
  pool: pg.Pool,
  tenantId: string,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  return mappingFaults(async () => {
    const client = await pool.connect();
    let failed = true;
    try {
      await client.query('BEGIN');
      await actAsTenant(client, tenantId);
      const result = await work(client);
      await client.query('COMMIT');
      failed = false;
      return result;
    } finally {
      // A connection that failed in the middle is not used again: its transaction may still be open.
      client.release(failed);
    }
  });
}
