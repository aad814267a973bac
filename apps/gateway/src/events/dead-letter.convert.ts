import { PAYLOAD_BYTES_MAX } from '@millrace/intake';
import type { DeadLetter } from '@millrace/intake/ports';
import { uuidv5, type Instant } from '@millrace/kernel';
import { HEADERS, type DeadLetter as DeadRecord } from '@millrace/messaging';

/** Namespace of the ids: a dead letter has the same id each time it is told of. */
const NAMESPACE = 'b0f5a0a4-6a0c-5d5e-9a53-6f1f5d0a7c11';

/** What the gateway keeps of a record of a dead-letter topic. */
export function toDeadLetter(record: DeadRecord, createdAt: Instant): DeadLetter {
  const { group, topic, partition, offset, headers, value } = record;
  return {
    id: uuidv5(NAMESPACE, `${group}/${topic}/${partition}/${offset}`),
    state: 'open',
    ...{ group, topic, partition, offset, key: record.key, headers },
    payload: value.subarray(0, PAYLOAD_BYTES_MAX),
    payloadBytes: value.byteLength,
    eventId: headers[HEADERS.id] ?? null,
    eventType: headers[HEADERS.type] ?? null,
    tenantId: headers[HEADERS.tenantId] ?? null,
    taskId: headers[HEADERS.subject] ?? null,
    ...{ attempts: record.attempts, redrives: record.redrives, errorClass: record.errorClass, reason: record.reason },
    blocksKey: record.blocksKey,
    failedAt: Date.parse(record.failedAt),
    ...{ createdAt, resolvedAt: null, resolvedBy: null },
  };
}
