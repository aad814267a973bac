import { NoSuchKey, NotFound, S3ServiceException } from '@aws-sdk/client-s3';
import { AppError } from '@millrace/kernel';
import { storeUnavailable } from './object-store-errors.js';

/** True when the server said that there is no such object or bucket. */
export function isMissing(error: unknown): boolean {
  return error instanceof NoSuchKey || error instanceof NotFound || statusOf(error) === 404;
}

/** True when another writer of the same key won: 412, or 409 while both were under way. */
export function isTaken(error: unknown): boolean {
  return statusOf(error) === 412 || statusOf(error) === 409;
}

/** Times the SDK sent the request; above 1 an earlier one may have taken effect unseen. */
export function attemptsOf(error: unknown): number {
  return error instanceof S3ServiceException ? (error.$metadata.attempts ?? 1) : 1;
}

/** Whatever the server or the network did, as the port's `service_unavailable`. */
export function toUnavailable(error: unknown): AppError {
  return error instanceof AppError ? error : storeUnavailable(error);
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
