/**
 * Whether a worker that could not renew has to hold its leases for lost. Counted from the moment the last acknowledged
 * heartbeat was made, not from its acknowledgement, so that the worker never believes longer than the scheduler.
 */
export function isLeaseLost(renewedAtMs: number, leaseMs: number, nowMs: number): boolean {
  return nowMs - renewedAtMs >= leaseMs;
}
