import type pg from 'pg';
import type { ClosingStanding, LedgerStore, PostedEntry } from '@millrace/billing/ports';
import { standingToJson, toStanding } from './billing.mapping.js';

/** The ledger: one row a line, insert-only by rights and by trigger. */
export class PostgresLedgerStore implements LedgerStore {
  constructor(private readonly client: pg.ClientBase) {}

  async append(entries: readonly PostedEntry[], postedAtMs: number): Promise<void> {
    const rows = entries.flatMap((entry) => entry.lines.map((line, number) => ({ entry, line, number })));
    if (rows.length === 0) return;
    await this.client.query({
      name: 'billing-postings-append',
      text: `INSERT INTO billing.postings (entry_id, line, kind, subject, revision, rule_version, reverses, account, amount,
          gpu_ms, instance_id, gpu, tenant_id, task_id, attempt, epoch, posted_at)
        SELECT *, to_timestamp($17::float8 / 1000) FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::int[],
          $6::int[], $7::uuid[], $8::text[], $9::bigint[], $10::bigint[], $11::text[], $12::int[], $13::text[],
          $14::uuid[], $15::int[], $16::int[])
        ON CONFLICT DO NOTHING`,
      values: [
        rows.map(({ entry }) => entry.entryId),
        rows.map(({ number }) => number),
        rows.map(({ entry }) => entry.kind),
        rows.map(({ entry }) => entry.subject),
        rows.map(({ entry }) => entry.revision),
        rows.map(({ entry }) => entry.ruleVersion),
        rows.map(({ entry }) => entry.reverses ?? null),
        rows.map(({ line }) => line.account),
        rows.map(({ line }) => String(line.amount)),
        rows.map(({ line }) => line.gpuMs),
        rows.map(({ entry }) => entry.context.instanceId),
        rows.map(({ entry }) => entry.context.gpu),
        rows.map(({ entry }) => entry.context.work?.tenantId ?? null),
        rows.map(({ entry }) => entry.context.work?.taskId ?? null),
        rows.map(({ entry }) => entry.context.work?.attempt ?? null),
        rows.map(({ entry }) => entry.context.work?.epoch ?? null),
        postedAtMs,
      ],
    });
  }

  async closings(instanceIds: readonly string[]): Promise<readonly ClosingStanding[]> {
    if (instanceIds.length === 0) return [];
    const { rows } = await this.client.query<ClosingRow>({
      name: 'billing-closings-read',
      text: 'SELECT instance_id, gpu, standing FROM billing.instance_closings WHERE instance_id = ANY ($1::text[])',
      values: [instanceIds],
    });
    return rows.map((row) => ({ instanceId: row.instance_id, gpu: row.gpu, standing: toStanding(row.standing) }));
  }

  async saveClosings(closings: readonly ClosingStanding[]): Promise<void> {
    if (closings.length === 0) return;
    await this.client.query({
      name: 'billing-closings-save',
      text: `INSERT INTO billing.instance_closings (instance_id, gpu, standing)
        SELECT * FROM unnest($1::text[], $2::int[], $3::jsonb[])
        ON CONFLICT (instance_id, gpu) DO UPDATE SET standing = excluded.standing`,
      values: [
        closings.map((each) => each.instanceId),
        closings.map((each) => each.gpu),
        closings.map((each) => standingToJson(each.standing)),
      ],
    });
  }
}

interface ClosingRow {
  readonly instance_id: string;
  readonly gpu: number;
  readonly standing: Parameters<typeof toStanding>[0];
}
