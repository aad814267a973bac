/** Seconds that `Prefer: wait=N` asks for (RFC 7240), at most 60; 0 without the preference. */
export function preferredWaitS(prefer: string | undefined): number {
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(prefer ?? '') ?? [];
  return Math.min(Number(seconds ?? 0), MAX_WAIT_S);
}

const MAX_WAIT_S = 60;
