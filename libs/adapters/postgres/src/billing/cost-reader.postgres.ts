import type pg from 'pg';
import type { AttemptBalance, TaskCostFacts } from '@millrace/billing';
import type { CostReader } from '@millrace/billing/ports';
import { toIso } from '@millrace/kernel';
import { asTenant } from '../pool/as-tenant.js';

/** Reads costs in a transaction of the `_request` role: row-level security, and the tenant in every query as well. */
export class PostgresCostReader implements CostReader {
  constructor(private readonly pool: pg.Pool) {}

  ofTask(tenantId: string, taskId: string): Promise<TaskCostFacts | undefined> {
    return asTenant(this.pool, tenantId, (client) => readFacts(client, tenantId, taskId));
  }
}

async function readFacts(client: pg.ClientBase, tenantId: string, taskId: string): Promise<TaskCostFacts | undefined> {
  const { rows } = await client.query<FactsRow>({
    name: 'billing-task-cost',
    text: TASK_COST,
    values: [tenantId, taskId],
  });
  const row = rows[0];
  if (row === undefined || (row.balances.length === 0 && row.outcomes.length === 0)) return undefined;
  return {
    taskId,
    balances: row.balances.map((balance) => ({ ...balance, amount: BigInt(balance.amount) })),
    outcomes: row.outcomes,
    pricePerGpuHour: row.price === null ? undefined : BigInt(row.price),
    chargedAt: row.charged_at === null ? undefined : toIso(row.charged_at.getTime()),
  };
}

interface FactsRow {
  readonly balances: readonly (Omit<AttemptBalance, 'amount'> & { readonly amount: string })[];
  readonly outcomes: TaskCostFacts['outcomes'];
  readonly price: string | null;
  readonly charged_at: Date | null;
}

/** One statement, so that everything is of one moment. */
const TASK_COST = `
  SELECT
    (SELECT coalesce(json_agg(b), '[]') FROM (
       SELECT attempt, epoch, account, sum(amount)::text AS amount, sum(gpu_ms)::bigint AS "gpuMs" FROM billing.postings
       WHERE tenant_id = $1 AND task_id = $2 AND account NOT LIKE 'provider:%' GROUP BY attempt, epoch, account
     ) b) AS balances,
    (SELECT coalesce(json_agg(json_build_object('attempt', attempt, 'epoch', epoch, 'outcome', outcome)), '[]')
     FROM billing.closures WHERE tenant_id = $1 AND task_id = $2) AS outcomes,
    (SELECT rated -> -1 ->> 'price' FROM billing.segments s JOIN billing.segment_statuses USING (segment_id)
     WHERE s.tenant_id = $1 AND s.task_id = $2 AND jsonb_array_length(rated) > 0
     ORDER BY s.attempt DESC, s.start_ms DESC, s.seq DESC LIMIT 1) AS price,
    (SELECT charged_at FROM billing.charges WHERE tenant_id = $1 AND task_id = $2) AS charged_at`;
