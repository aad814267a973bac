import type { usageRecorded, EventData } from '@millrace/contracts';
import type { ReceivedEvent, UnitOfWork } from '@millrace/messaging/ports';
import type { Segment, SegmentWork } from '../domain/segment.js';
import { unique } from './grouping.js';
import type { BillingScope } from './ports/billing-scope.port.js';
import type { SettleBooks } from './settle-books.js';

type UsageRecorded = EventData<typeof usageRecorded>;

export const USAGE_CONSUMER = 'billing.usage';

/** Takes in segments of GPU time and posts what they cost. One transaction a batch; a known segment has no effect. */
export class RecordUsage {
  constructor(
    private readonly unitOfWork: UnitOfWork<BillingScope>,
    private readonly books: SettleBooks,
  ) {}

  async apply(events: readonly ReceivedEvent<UsageRecorded>[]): Promise<void> {
    await this.unitOfWork.run(async (scope) => {
      const fresh = (await scope.inbox.claim(USAGE_CONSUMER, events)) as readonly ReceivedEvent<UsageRecorded>[];
      const segments = fresh.flatMap(({ data }) => segmentsOf(data));
      if (segments.length === 0) return;
      await scope.locks.instances(unique(segments.map(({ instanceId }) => instanceId)));
      const inserted = await scope.segments.insert(segments);
      if (inserted.length === 0) return;
      await this.books.settle(scope, {
        segments: await scope.segments.meeting(inserted),
        taskIds: [],
        instanceIds: unique(inserted.map(({ instanceId }) => instanceId)),
      });
    });
  }
}

function segmentsOf(data: UsageRecorded): readonly Segment[] {
  return data.segments.map((segment) => ({
    segmentId: segment.segmentId,
    instanceId: data.instanceId,
    gpu: segment.gpu,
    kind: segment.kind,
    work: workOf(segment),
    seq: segment.seq,
    startMs: segment.startMs,
    endMs: segment.endMs,
    gpuMs: segment.gpuMs,
    sharePpm: segment.sharePpm,
  }));
}

/** Idle time within a task's attempt is the instance's own all the same: rule 6 keeps it with the pool. */
function workOf(segment: UsageRecorded['segments'][number]): SegmentWork | undefined {
  const { kind, tenantId, taskId, costCentre, attempt, epoch } = segment;
  if (kind !== 'run' && kind !== 'load') return undefined;
  if (tenantId === undefined || taskId === undefined || attempt === undefined || epoch === undefined) return undefined;
  return { tenantId, taskId, costCentre: costCentre ?? 'default', attempt, epoch };
}
