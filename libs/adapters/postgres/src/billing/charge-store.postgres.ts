import type pg from 'pg';
import type { Charge } from '@millrace/billing';
import type { ChargeStore } from '@millrace/billing/ports';

export class PostgresChargeStore implements ChargeStore {
  constructor(private readonly client: pg.ClientBase) {}

  async charged(taskIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (taskIds.length === 0) return new Set();
    const { rows } = await this.client.query<{ task_id: string }>({
      name: 'billing-charged',
      text: 'SELECT task_id FROM billing.charges WHERE task_id = ANY ($1::uuid[])',
      values: [taskIds],
    });
    return new Set(rows.map((row) => row.task_id));
  }

  async insert(charges: readonly Charge[], chargedAtMs: number): Promise<readonly string[]> {
    if (charges.length === 0) return [];
    const { rows } = await this.client.query<{ task_id: string }>({
      name: 'billing-charges-insert',
      text: `INSERT INTO billing.charges (task_id, tenant_id, sequence, cost, gpu_ms, billed_gpu_ms, price_per_gpu_hour, charged_at)
        SELECT *, to_timestamp($8::float8 / 1000)
        FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
        ON CONFLICT (task_id) DO NOTHING RETURNING task_id`,
      values: [
        charges.map((each) => each.taskId),
        charges.map((each) => each.tenantId),
        charges.map((each) => each.sequence),
        charges.map((each) => String(each.cost)),
        charges.map((each) => each.gpuMs),
        charges.map((each) => each.billedGpuMs),
        charges.map((each) => String(each.pricePerGpuHour)),
        chargedAtMs,
      ],
    });
    return rows.map((row) => row.task_id);
  }
}
