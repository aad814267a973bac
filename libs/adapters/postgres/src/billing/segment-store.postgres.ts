import type pg from 'pg';
import type { RatedUsage, Segment } from '@millrace/billing';
import type { SegmentStatus, SegmentStore } from '@millrace/billing/ports';
import {
  ratedToJson,
  standingToJson,
  toSegment,
  toStatus,
  type SegmentRow,
  type StatusRow,
} from './billing.mapping.js';

/**
 * What meets a batch. Its stretches are merged first, so that a busy GPU is read once and not once per segment; what
 * has no length, asked or stored, is compared one by one, since it may lie where two stretches were joined.
 */
const MEETING = `WITH q AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::bigint[])
      AS asked (segment_id, instance_id, gpu, start_ms, end_ms)
  ), spans AS MATERIALIZED (
    SELECT instance_id, gpu, lower(span) AS start_ms, upper(span) AS end_ms FROM (
      SELECT instance_id, gpu, unnest(range_agg(int8range(start_ms, end_ms))) AS span
      FROM q WHERE start_ms < end_ms GROUP BY instance_id, gpu) AS merged
    UNION ALL SELECT instance_id, gpu, start_ms, end_ms FROM q WHERE start_ms >= end_ms
  )
  SELECT DISTINCT ON (found.segment_id) found.* FROM (
    SELECT s.* FROM billing.segments s WHERE s.segment_id = ANY ($1::uuid[])
    UNION ALL
    SELECT s.* FROM spans JOIN billing.segments s ON s.instance_id = spans.instance_id AND s.gpu = spans.gpu
      AND s.end_ms > spans.start_ms AND s.start_ms < spans.end_ms
    WHERE s.start_ms < s.end_ms OR EXISTS (SELECT FROM q WHERE s.instance_id = q.instance_id AND s.gpu = q.gpu
      AND s.end_ms > q.start_ms AND s.start_ms < q.end_ms)
  ) AS found`;

/** Segments and statuses over one transaction's connection. One statement a batch. */
export class PostgresSegmentStore implements SegmentStore {
  constructor(private readonly client: pg.ClientBase) {}

  async insert(segments: readonly Segment[]): Promise<readonly Segment[]> {
    const rows = await this.segments(
      'billing-segments-insert',
      `INSERT INTO billing.segments (segment_id, instance_id, gpu, kind, tenant_id, task_id, cost_centre, attempt, epoch,
         seq, start_ms, end_ms, gpu_ms, share_ppm)
       SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::int[],
         $9::int[], $10::int[], $11::bigint[], $12::bigint[], $13::bigint[], $14::int[])
       ON CONFLICT (segment_id) DO NOTHING RETURNING *`,
      [
        segments.map((each) => each.segmentId),
        segments.map((each) => each.instanceId),
        segments.map((each) => each.gpu),
        segments.map((each) => each.kind),
        segments.map((each) => each.work?.tenantId ?? null),
        segments.map((each) => each.work?.taskId ?? null),
        segments.map((each) => each.work?.costCentre ?? null),
        segments.map((each) => each.work?.attempt ?? null),
        segments.map((each) => each.work?.epoch ?? null),
        segments.map((each) => each.seq),
        segments.map((each) => each.startMs),
        segments.map((each) => each.endMs),
        segments.map((each) => each.gpuMs),
        segments.map((each) => each.sharePpm),
      ],
    );
    return rows;
  }

  async meeting(segments: readonly Segment[]): Promise<readonly Segment[]> {
    if (segments.length === 0) return [];
    return this.segments('billing-segments-meeting', MEETING, [
      segments.map((each) => each.segmentId),
      segments.map((each) => each.instanceId),
      segments.map((each) => each.gpu),
      segments.map((each) => each.startMs),
      segments.map((each) => each.endMs),
    ]);
  }

  async ofInstances(
    parts: readonly { readonly instanceId: string; readonly endingAfterMs: number }[],
  ): Promise<readonly Segment[]> {
    if (parts.length === 0) return [];
    return this.segments(
      'billing-segments-of-instances',
      `SELECT DISTINCT ON (s.segment_id) s.* FROM unnest($1::text[], $2::bigint[]) AS q (instance_id, after_ms)
       JOIN billing.segments s ON s.instance_id = q.instance_id AND s.end_ms > q.after_ms`,
      [parts.map(({ instanceId }) => instanceId), parts.map(({ endingAfterMs }) => endingAfterMs)],
    );
  }

  async ofTasks(taskIds: readonly string[]): Promise<readonly Segment[]> {
    if (taskIds.length === 0) return [];
    return this.segments(
      'billing-segments-of-tasks',
      `SELECT * FROM billing.segments WHERE task_id = ANY ($1::uuid[])`,
      [taskIds],
    );
  }

  async statuses(segmentIds: readonly string[]): Promise<readonly SegmentStatus[]> {
    if (segmentIds.length === 0) return [];
    const { rows } = await this.client.query<StatusRow>({
      name: 'billing-statuses-read',
      text: `SELECT segment_id, state, reason, quarantined_ms, rated, rate, settle
        FROM billing.segment_statuses WHERE segment_id = ANY ($1::uuid[])`,
      values: [segmentIds],
    });
    return rows.map(toStatus);
  }

  async saveStatuses(statuses: readonly SegmentStatus[]): Promise<void> {
    if (statuses.length === 0) return;
    await this.client.query({
      name: 'billing-statuses-save',
      text: `INSERT INTO billing.segment_statuses (segment_id, state, reason, quarantined_ms, rated, rate, settle)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::jsonb[], $6::jsonb[], $7::jsonb[])
        ON CONFLICT (segment_id) DO UPDATE SET state = excluded.state, reason = excluded.reason,
          quarantined_ms = excluded.quarantined_ms, rated = excluded.rated, rate = excluded.rate, settle = excluded.settle`,
      values: [
        statuses.map((each) => each.segmentId),
        statuses.map((each) => each.state),
        statuses.map((each) => each.reason ?? null),
        statuses.map((each) => each.quarantinedMs),
        statuses.map((each) => ratedToJson(each.rated)),
        statuses.map((each) => standingToJson(each.rate)),
        statuses.map((each) => standingToJson(each.settle)),
      ],
    });
  }

  async ratedUsage(instanceIds: readonly string[]): Promise<readonly RatedUsage[]> {
    if (instanceIds.length === 0) return [];
    const { rows } = await this.client.query<UsageRow>({
      name: 'billing-rated-usage',
      text: `SELECT s.instance_id, s.gpu, part.price, sum(part.ms)::bigint AS gpu_ms, sum(part.cost)::bigint AS cost
        FROM billing.segments s JOIN billing.segment_statuses USING (segment_id),
          jsonb_to_recordset(rated) AS part (price bigint, ms bigint, cost bigint)
        WHERE s.instance_id = ANY ($1::text[]) GROUP BY 1, 2, 3`,
      values: [instanceIds],
    });
    return rows.map((row) => ({
      instanceId: row.instance_id,
      gpu: row.gpu,
      pricePerGpuHour: BigInt(row.price),
      gpuMs: Number(row.gpu_ms),
      cost: BigInt(row.cost),
    }));
  }

  private async segments(name: string, text: string, values: unknown[]): Promise<readonly Segment[]> {
    const { rows } = await this.client.query<SegmentRow>({ name, text, values });
    return rows.map(toSegment);
  }
}

interface UsageRow {
  readonly instance_id: string;
  readonly gpu: number;
  readonly price: string;
  readonly gpu_ms: string;
  readonly cost: string;
}
