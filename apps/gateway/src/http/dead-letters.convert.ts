import type {
  DeadLetterAnswer,
  DeadLetterSummary,
  RouteInput,
  listDeadLetters,
  redriveDeadLetters,
} from '@millrace/contracts';
import type { DeadLetter, DeadLetterFilter } from '@millrace/intake/ports';
import { toIso } from '@millrace/kernel';

const PAYLOAD_SHOWN_BYTES = 64 * 1024;
const decoder = new TextDecoder('utf-8', { fatal: true });

type Filters = Omit<RouteInput<typeof redriveDeadLetters>['query'], 'dry_run' | 'limit'>;
type ListQuery = RouteInput<typeof listDeadLetters>['query'];

export function fromFilters(query: Filters & Partial<Pick<ListQuery, 'status'>>): DeadLetterFilter {
  return {
    ...(query.status === undefined ? {} : { state: query.status }),
    ...(query.topic === undefined ? {} : { topic: query.topic }),
    ...(query.consumer_group === undefined ? {} : { group: query.consumer_group }),
    ...(query.error_class === undefined ? {} : { errorClass: query.error_class }),
    ...(query.event_type === undefined ? {} : { eventType: query.event_type }),
    ...(query.task === undefined ? {} : { taskId: query.task }),
    ...(query.created_after === undefined ? {} : { createdAfter: Date.parse(query.created_after) }),
    ...(query.created_before === undefined ? {} : { createdBefore: Date.parse(query.created_before) }),
  };
}

export function toSummary(letter: DeadLetter): DeadLetterSummary {
  return {
    id: letter.id,
    status: letter.state,
    topic: letter.topic,
    partition: letter.partition,
    offset: letter.offset.toString(),
    key: letter.key,
    consumer_group: letter.group,
    error_class: letter.errorClass,
    reason: letter.reason,
    attempts: letter.attempts,
    redrives: letter.redrives,
    blocks_key: letter.blocksKey,
    event_id: letter.eventId,
    event_type: letter.eventType,
    tenant_id: letter.tenantId,
    task_id: letter.taskId,
    failed_at: toIso(letter.failedAt),
    created_at: toIso(letter.createdAt),
    resolved_at: letter.resolvedAt === null ? null : toIso(letter.resolvedAt),
    resolved_by: letter.resolvedBy,
  };
}

export function toDeadLetterAnswer(letter: DeadLetter): DeadLetterAnswer {
  const { headers, payloadBytes } = letter;
  return { ...toSummary(letter), headers, payload: textOf(letter.payload), payload_bytes: payloadBytes };
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes).slice(0, PAYLOAD_SHOWN_BYTES);
  } catch {
    return null;
  }
}
