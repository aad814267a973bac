import { AppError } from '@millrace/kernel';

export function topicMissing(topic: string): AppError {
  const message = `topic ${topic} does not exist: run the set-up, which makes it`;
  return new AppError({ kind: 'unavailable', code: 'topic_missing', message });
}

export function notOwned(group: string): AppError {
  const message = `a partition belongs to another member of group ${group} now, or to none`;
  return new AppError({ kind: 'conflict', code: 'partition_not_owned', message, retriable: false });
}

export function busClosed(): AppError {
  return new AppError({ kind: 'unavailable', code: 'service_unavailable', message: 'the bus is closed' });
}

export function tooManyWaiting(): AppError {
  const message = 'Too many records wait for the event log; try again.';
  return new AppError({ kind: 'unavailable', code: 'service_unavailable', message });
}
