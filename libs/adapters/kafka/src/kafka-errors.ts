import { AppError, messageOf } from '@millrace/kernel';

/** Protocol errors that say: this member does not hold its partitions any more. */
const FENCED_TYPES = new Set([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'REBALANCE_IN_PROGRESS',
  'FENCED_INSTANCE_ID',
]);
/** Protocol errors that are the record's own fault: another try meets them again. */
const RECORD_FAULT_TYPES = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'CORRUPT_MESSAGE']);
const PASSING_TYPES = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
]);
const CAUSES_MAX = 10;

export function isFenced(error: unknown): boolean {
  return typesOf(error).some((type) => FENCED_TYPES.has(type));
}

export function isRecordFault(error: unknown): boolean {
  return typesOf(error).some((type) => RECORD_FAULT_TYPES.has(type));
}

/** True for a state of the brokers that passes: a leader is being chosen, metadata are old. */
export function isPassing(error: unknown): boolean {
  return typesOf(error).some((type) => PASSING_TYPES.has(type));
}

/** As a broker says it that has not heard of a topic yet. */
export function notYetKnown(topic: string): Error {
  return Object.assign(new Error(`no broker knows the topic ${topic} yet`), { type: 'UNKNOWN_TOPIC_OR_PARTITION' });
}

/** kafkajs's error as the port's: `unavailable`, or `validation` for a record that no broker takes. */
export function toBusError(error: unknown, doing: string): AppError {
  if (error instanceof AppError) return error;
  if (isRecordFault(error)) {
    const message = `A record is too large or malformed: ${messageOf(error)}`;
    return new AppError({ kind: 'validation', code: 'body_too_large', message, cause: error });
  }
  return unavailable(`Kafka can not be reached now (${doing}): ${messageOf(error)}`, error);
}

export function unavailable(message: string, cause?: unknown): AppError {
  return new AppError({ kind: 'unavailable', code: 'service_unavailable', message, cause });
}

export function topicsMissing(topics: readonly string[]): AppError {
  const names = [...topics].sort().join(', ');
  return new AppError({
    kind: 'unavailable',
    code: 'topic_missing',
    message: `Kafka has no topic ${names}: run "npm run setup" with these brokers first.`,
  });
}

export function partitionNotOwned(name: string, group: string): AppError {
  return new AppError({
    kind: 'conflict',
    code: 'partition_not_owned',
    message: `partition ${name} belongs to another member of group ${group} now`,
    retriable: false,
  });
}

/** kafkajs wraps: the protocol's type may stand on a cause. */
function typesOf(error: unknown): readonly string[] {
  const types: string[] = [];
  let at = error;
  for (let depth = 0; depth < CAUSES_MAX && typeof at === 'object' && at !== null; depth++) {
    if ('type' in at && typeof at.type === 'string') types.push(at.type);
    at = 'cause' in at ? at.cause : undefined;
  }
  return types;
}
