import { AppError, messageOf } from '@millrace/kernel';

/** SQLSTATEs that say "not now", not "not so" (Postgres 18, appendix A). */
const PASSING_STATES: ReadonlySet<string> = new Set([
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
  '57014', // query_canceled, by statement_timeout
]);
/** Classes: connection exception, insufficient resources, operator intervention, system error. */
const PASSING_CLASSES: ReadonlySet<string> = new Set(['08', '53', '57', '58']);
const SYSTEM_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);
/** What `pg` throws without a code. */
const CLIENT_FAULTS =
  /connection terminated|connection error|not queryable|timeout exceeded when trying to connect|query read timeout|client was closed/i;

/** Whether the database was away, overloaded or restarted: the same call may succeed later. */
export function isPassingFault(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string') return CLIENT_FAULTS.test(messageOf(error));
  return SYSTEM_CODES.has(code) || PASSING_STATES.has(code) || PASSING_CLASSES.has(code.slice(0, 2));
}

/** The error as it leaves this package: passing faults as `unavailable`, everything else as it was thrown. */
export function mapFault(error: unknown): unknown {
  if (error instanceof AppError || !isPassingFault(error)) return error;
  const message = 'The database can not answer now; try again.';
  return new AppError({ kind: 'unavailable', code: 'service_unavailable', message, cause: error });
}

/** Runs a call to the database and maps what it throws. */
export async function mappingFaults<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw mapFault(error);
  }
}
