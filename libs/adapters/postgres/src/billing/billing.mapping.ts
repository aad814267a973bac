import type { Closure, Segment, SegmentKind, Standing } from '@millrace/billing';
import type { SegmentStatus, StoredClosure } from '@millrace/billing/ports';

/** Rows as `pg` gives them: bigint as text. Milliseconds are safe integers, money becomes bigint. */
export interface SegmentRow {
  readonly segment_id: string;
  readonly instance_id: string;
  readonly gpu: number;
  readonly kind: SegmentKind;
  readonly tenant_id: string | null;
  readonly task_id: string | null;
  readonly cost_centre: string | null;
  readonly attempt: number | null;
  readonly epoch: number | null;
  readonly seq: number;
  readonly start_ms: string;
  readonly end_ms: string;
  readonly gpu_ms: string;
  readonly share_ppm: number;
}

export function toSegment(row: SegmentRow): Segment {
  return {
    segmentId: row.segment_id,
    instanceId: row.instance_id,
    gpu: row.gpu,
    kind: row.kind,
    work: toWork(row),
    seq: row.seq,
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
    gpuMs: Number(row.gpu_ms),
    sharePpm: row.share_ppm,
  };
}

function toWork({ tenant_id, task_id, cost_centre, attempt, epoch }: SegmentRow): Segment['work'] {
  if (tenant_id === null || task_id === null || cost_centre === null || attempt === null || epoch === null) {
    return undefined;
  }
  return { tenantId: tenant_id, taskId: task_id, costCentre: cost_centre, attempt, epoch };
}

export interface ClosureRow {
  readonly task_id: string;
  readonly attempt: number;
  readonly epoch: number;
  readonly tenant_id: string;
  readonly cost_centre: string;
  readonly instance_id: string;
  readonly outcome: Closure['outcome'];
  readonly fault: Closure['fault'];
  readonly closed_at_ms: string;
  readonly segment_count: number | null;
  readonly final: boolean;
  readonly sequence: number;
  readonly traceparent: string | null;
}

export function toClosure(row: ClosureRow): StoredClosure {
  return {
    taskId: row.task_id,
    tenantId: row.tenant_id,
    costCentre: row.cost_centre,
    attempt: row.attempt,
    epoch: row.epoch,
    instanceId: row.instance_id,
    outcome: row.outcome,
    fault: row.fault,
    closedAtMs: Number(row.closed_at_ms),
    segmentCount: row.segment_count ?? undefined,
    final: row.final,
    sequence: row.sequence,
    traceparent: row.traceparent ?? undefined,
  };
}

/** A standing as JSON: amounts as text, since they may be beyond the safe integers. */
interface StoredStanding {
  readonly revision: number;
  readonly rule: number;
  readonly lines: readonly (readonly [account: string, amount: string, gpuMs: number])[];
}

export function standingToJson({ revision, ruleVersion, lines }: Standing): string {
  const stored: StoredStanding = {
    revision,
    rule: ruleVersion,
    lines: lines.map(({ account, amount, gpuMs }) => [account, String(amount), gpuMs]),
  };
  return JSON.stringify(stored);
}

export function toStanding({ revision, rule, lines }: StoredStanding): Standing {
  return {
    revision,
    ruleVersion: rule,
    lines: lines.map(([account, amount, gpuMs]) => ({ account, amount: BigInt(amount), gpuMs })),
  };
}

export interface StatusRow {
  readonly segment_id: string;
  readonly state: SegmentStatus['state'];
  readonly reason: NonNullable<SegmentStatus['reason']> | null;
  readonly quarantined_ms: string;
  readonly rated: readonly { readonly price: string; readonly ms: number; readonly cost: string }[];
  readonly rate: StoredStanding;
  readonly settle: StoredStanding;
}

export function toStatus(row: StatusRow): SegmentStatus {
  return {
    segmentId: row.segment_id,
    state: row.state,
    reason: row.reason ?? undefined,
    quarantinedMs: Number(row.quarantined_ms),
    rated: row.rated.map(({ price, ms, cost }) => ({ pricePerGpuHour: BigInt(price), gpuMs: ms, cost: BigInt(cost) })),
    rate: toStanding(row.rate),
    settle: toStanding(row.settle),
  };
}

export function ratedToJson(rated: SegmentStatus['rated']): string {
  return JSON.stringify(
    rated.map(({ pricePerGpuHour, gpuMs, cost }) => ({
      price: String(pricePerGpuHour),
      ms: gpuMs,
      cost: String(cost),
    })),
  );
}
