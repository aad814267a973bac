/** Milliseconds since the Unix epoch (wall clock). For display and retention, never for billing. */
export type Instant = number;
/** Milliseconds between two instants, or on a monotonic clock. */
export type DurationMs = number;

/** Time as the code sees it. Production: the system's. Tests and simulation: virtual. */
export interface Clock {
  /** Wall clock. May jump. */
  now(): Instant;
  /** Monotonic clock with an arbitrary zero. Leases, deadlines and billing use this one. */
  monotonicMs(): DurationMs;
  /** Calls `fn` once after `delayMs`; the returned function cancels. A pending timer doesn't keep the process alive. */
  after(delayMs: DurationMs, fn: () => void): () => void;
}

/** Resolves after `delayMs`, or at once when `signal` aborts. Never rejects. */
export function sleep(clock: Clock, delayMs: DurationMs, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(delayMs, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/** The last instant of the year 9999: what ISO-8601 writes in four digits, and what Postgres and `Date` both hold. */
const INSTANT_MAX: Instant = 253_402_300_799_999;

/** Whether a value from outside is a whole instant from 1970 to the end of 9999, which every store can take. */
export function isInstant(value: unknown): value is Instant {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= INSTANT_MAX;
}

/** ISO-8601 in UTC with milliseconds. */
export function toIso(instant: Instant): string {
  return new Date(instant).toISOString();
}
