import type pg from 'pg';
import type { ClosureStore, StoredClosure } from '@millrace/billing/ports';
import { toClosure, type ClosureRow } from './billing.mapping.js';

export class PostgresClosureStore implements ClosureStore {
  constructor(private readonly client: pg.ClientBase) {}

  async merge(closures: readonly StoredClosure[]): Promise<void> {
    if (closures.length === 0) return;
    await this.client.query({
      name: 'billing-closures-merge',
      text: `INSERT INTO billing.closures AS known (task_id, attempt, epoch, tenant_id, cost_centre, instance_id, outcome,
          fault, closed_at_ms, segment_count, final, sequence, traceparent)
        SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
          $9::bigint[], $10::int[], $11::bool[], $12::int[], $13::text[])
        ON CONFLICT (task_id, attempt, epoch) DO UPDATE SET
          final = known.final OR excluded.final,
          sequence = greatest(known.sequence, excluded.sequence),
          closed_at_ms = greatest(known.closed_at_ms, excluded.closed_at_ms),
          segment_count = coalesce(known.segment_count, excluded.segment_count),
          traceparent = coalesce(known.traceparent, excluded.traceparent)`,
      values: [
        closures.map((each) => each.taskId),
        closures.map((each) => each.attempt),
        closures.map((each) => each.epoch),
        closures.map((each) => each.tenantId),
        closures.map((each) => each.costCentre),
        closures.map((each) => each.instanceId),
        closures.map((each) => each.outcome),
        closures.map((each) => each.fault),
        closures.map((each) => each.closedAtMs),
        closures.map((each) => each.segmentCount ?? null),
        closures.map((each) => each.final),
        closures.map((each) => each.sequence),
        closures.map((each) => each.traceparent ?? null),
      ],
    });
  }

  async ofTasks(taskIds: readonly string[]): Promise<readonly StoredClosure[]> {
    if (taskIds.length === 0) return [];
    const { rows } = await this.client.query<ClosureRow>({
      name: 'billing-closures-of-tasks',
      text: 'SELECT * FROM billing.closures WHERE task_id = ANY ($1::uuid[]) ORDER BY task_id, attempt, epoch',
      values: [taskIds],
    });
    return rows.map(toClosure);
  }

  async lastClosedMs(instanceIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (instanceIds.length === 0) return new Map();
    const { rows } = await this.client.query<{ instance_id: string; last: string }>({
      name: 'billing-closures-last',
      text: `SELECT instance_id, max(closed_at_ms) AS last FROM billing.closures
        WHERE instance_id = ANY ($1::text[]) GROUP BY 1`,
      values: [instanceIds],
    });
    return new Map(rows.map(({ instance_id, last }) => [instance_id, Number(last)]));
  }
}
