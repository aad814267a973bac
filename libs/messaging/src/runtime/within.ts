import { sleep, type Clock, type DurationMs } from '@millrace/kernel';

/** Waits for `work`, at most `boundMs`; the work goes on without us after that. Rejects when the work does in time. */
export async function within(clock: Clock, boundMs: DurationMs, work: Promise<unknown>): Promise<void> {
  const waited = new AbortController();
  try {
    await Promise.race([work, sleep(clock, boundMs, waited.signal)]);
  } finally {
    waited.abort();
  }
}
