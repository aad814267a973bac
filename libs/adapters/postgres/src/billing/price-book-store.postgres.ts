import type pg from 'pg';
import type { CapacityChange } from '@millrace/billing';
import type { PriceBookStore } from '@millrace/billing/ports';

interface ChangeRow {
  readonly instance_id: string;
  readonly change: CapacityChange['change'];
  readonly at_ms: string;
  readonly price_per_gpu_hour: string;
  readonly pool: string;
  readonly gpus: number;
  readonly capacity: CapacityChange['capacity'];
}

export class PostgresPriceBookStore implements PriceBookStore {
  constructor(private readonly client: pg.ClientBase) {}

  async insert(changes: readonly CapacityChange[]): Promise<readonly CapacityChange[]> {
    if (changes.length === 0) return [];
    const { rows } = await this.client.query<ChangeRow>({
      name: 'billing-capacity-insert',
      text: `INSERT INTO billing.capacity_changes (instance_id, change, at_ms, price_per_gpu_hour, pool, gpus, capacity)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::int[], $7::text[])
        ON CONFLICT DO NOTHING RETURNING *`,
      values: [
        changes.map((each) => each.instanceId),
        changes.map((each) => each.change),
        changes.map((each) => each.atMs),
        changes.map((each) => String(each.pricePerGpuHour)),
        changes.map((each) => each.pool),
        changes.map((each) => each.gpus),
        changes.map((each) => each.capacity),
      ],
    });
    return rows.map(toChange);
  }

  async ofInstances(instanceIds: readonly string[]): Promise<readonly CapacityChange[]> {
    if (instanceIds.length === 0) return [];
    const { rows } = await this.client.query<ChangeRow>({
      name: 'billing-capacity-of-instances',
      text: 'SELECT * FROM billing.capacity_changes WHERE instance_id = ANY ($1::text[])',
      values: [instanceIds],
    });
    return rows.map(toChange);
  }
}

function toChange(row: ChangeRow): CapacityChange {
  return {
    instanceId: row.instance_id,
    pool: row.pool,
    change: row.change,
    gpus: row.gpus,
    capacity: row.capacity,
    pricePerGpuHour: BigInt(row.price_per_gpu_hour),
    atMs: Number(row.at_ms),
  };
}
