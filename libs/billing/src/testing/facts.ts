import { attemptClosed, capacityChanged, usageRecorded, type EventData } from '@millrace/contracts';
import { uuidv5 } from '@millrace/kernel';
import type { ReceivedEvent } from '@millrace/messaging/ports';
import { receivedEvent } from '@millrace/messaging/testing';

type Usage = EventData<typeof usageRecorded>;
type UsageSegment = Usage['segments'][number];
type Closed = EventData<typeof attemptClosed>;
type Capacity = EventData<typeof capacityChanged>;

/** One event of those that billing reads. */
export type BillingFact =
  | { readonly kind: 'usage'; readonly event: ReceivedEvent<Usage> }
  | { readonly kind: 'closed'; readonly event: ReceivedEvent<Closed> }
  | { readonly kind: 'capacity'; readonly event: ReceivedEvent<Capacity> };

const NAMESPACE = '6f1d2f0e-6a2b-5d0c-9a43-3d1f6a0b7c12';

/** A UUID that is the same for the same name. */
export function testId(name: string): string {
  return uuidv5(NAMESPACE, name);
}

export const TASK = testId('task');
/** 1.006 dollars an hour: g5.xlarge on demand. */
export const G5_PRICE = '1006000000';

/** A segment of `TASK`'s first attempt, from 0 to 10 s on the whole of GPU 0, unless said otherwise. */
export function aSegment(part: Partial<UsageSegment> & { readonly instanceId?: string } = {}): UsageSegment {
  const { instanceId = 'instance-1', ...own } = part;
  const startMs = own.startMs ?? 0;
  const endMs = own.endMs ?? startMs + 10_000;
  const sharePpm = own.sharePpm ?? 1_000_000;
  const work = { tenantId: 'acme', taskId: TASK, costCentre: 'default', attempt: 1, epoch: 1 };
  const merged = { gpu: 0, kind: 'run' as const, ...work, seq: 1, ...own };
  return {
    segmentId: testId(
      [instanceId, merged.gpu, merged.kind, merged.taskId, merged.attempt, merged.epoch, merged.seq].join('/'),
    ),
    gpuMs: Math.floor(((endMs - startMs) * sharePpm) / 1_000_000),
    ...merged,
    startMs,
    endMs,
    sharePpm,
  };
}

/** Time that is the instance's own. */
export function ownTime(part: Partial<UsageSegment> & { readonly instanceId?: string } = {}): UsageSegment {
  const {
    tenantId: _t,
    taskId: _k,
    costCentre: _c,
    attempt: _a,
    epoch: _e,
    ...rest
  } = aSegment({ kind: 'idle', ...part });
  return rest;
}

export function usage(segments: readonly UsageSegment[], instanceId = 'instance-1'): BillingFact {
  return { kind: 'usage', event: receivedEvent(usageRecorded, { instanceId, pool: 'local', segments: [...segments] }) };
}

/** The final, successful end of `TASK`'s first attempt at 10 s with one segment, unless said otherwise. */
export function closed(data: Partial<Closed> = {}): BillingFact {
  const defaults = { taskId: TASK, closedAt: 10_000, segmentCount: 1, final: true };
  return { kind: 'closed', event: receivedEvent(attemptClosed, { ...defaults, ...data }) };
}

/** The end of an attempt whose worker was lost: nobody counted its segments. */
export function lost(data: Partial<Closed> = {}): BillingFact {
  const { event } = closed({ outcome: 'lost', ...data }) as Extract<BillingFact, { kind: 'closed' }>;
  const { segmentCount: _none, ...rest } = event.data;
  return { kind: 'closed', event: { ...event, data: rest } };
}

export function capacity(data: Partial<Capacity> = {}): BillingFact {
  return { kind: 'capacity', event: receivedEvent(capacityChanged, { pricePerGpuHour: G5_PRICE, ...data }) };
}
