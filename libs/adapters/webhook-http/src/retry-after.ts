import type { DurationMs, Instant } from '@millrace/kernel';

/** Milliseconds that a `Retry-After` header asks for: seconds, or an HTTP date. Undefined for anything else. */
export function retryAfterMs(header: string | string[] | undefined, now: Instant): DurationMs | undefined {
  if (typeof header !== 'string') return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
