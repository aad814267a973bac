import { AppError } from '@millrace/kernel';

export function objectExists(key: string, cause?: unknown): AppError {
  return new AppError({
    kind: 'conflict',
    code: 'object_exists',
    message: `The object "${key}" exists: objects are created once, choose another key.`,
    cause,
  });
}

export function objectNotFound(key: string, cause?: unknown): AppError {
  return new AppError({ kind: 'not-found', code: 'object_not_found', message: `There is no object "${key}".`, cause });
}

export function artifactExpired(key: string): AppError {
  return new AppError({
    kind: 'precondition',
    code: 'artifact_expired',
    message: `The object "${key}" was removed after its retention: run the task again to get it anew.`,
  });
}

export function signatureInvalid(): AppError {
  return new AppError({
    kind: 'forbidden',
    code: 'signature_invalid',
    message: 'The signed URL is not valid or has expired: read the task again for a fresh one.',
  });
}

export function storeUnavailable(cause: unknown): AppError {
  return new AppError({
    kind: 'unavailable',
    code: 'service_unavailable',
    message: 'The object store can not be reached now: try again.',
    cause,
  });
}

/** Longest life of a signed URL: 7 days (guarantees.md section 4). */
export const SIGNED_URL_LIFE_S_MAX = 7 * 24 * 3600;

export function assertUrlLife(expiresInS: number): void {
  if (Number.isInteger(expiresInS) && expiresInS >= 1 && expiresInS <= SIGNED_URL_LIFE_S_MAX) return;
  throw new AppError({
    kind: 'validation',
    code: 'validation_failed',
    message: `A signed URL lives 1 to ${SIGNED_URL_LIFE_S_MAX} whole seconds, not ${expiresInS}.`,
  });
}
