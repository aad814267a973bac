import { AppError } from '@millrace/kernel';

/** This process may not write: another leads, or none does yet. The caller tries again later, or another does. */
export function notLeader(): AppError {
  return new AppError({
    kind: 'unavailable',
    code: 'not_leader',
    message: 'This scheduler does not lead: the work belongs to the one that does.',
  });
}

export function isNotLeader(error: unknown): boolean {
  return error instanceof AppError && error.code === 'not_leader';
}
