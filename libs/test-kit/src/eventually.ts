import { messageOf, sleep, systemClock } from '@millrace/kernel';

export interface EventuallyOptions {
  /** @default 10000 */
  readonly timeoutMs?: number;
  /** @default 25 */
  readonly intervalMs?: number;
}

/**
 * Calls `attempt` until it stops throwing, and returns what it returned. For effects of another process, where no event
 * can be awaited. Past the deadline it throws, with the last failure as message and cause.
 */
export async function eventually<Value>(
  attempt: () => Value | Promise<Value>,
  options: EventuallyOptions = {},
): Promise<Value> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const deadlineMs = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (systemClock.monotonicMs() >= deadlineMs) {
        throw new Error(`not so within ${timeoutMs} ms; last failure: ${messageOf(error)}`, { cause: error });
      }
    }
    await sleep(systemClock, options.intervalMs ?? 25);
  }
}

/** Rejects when `work` has not settled after `timeoutMs`; `what` stands in the message. */
export async function withTimeout<Value>(work: Promise<Value>, timeoutMs: number, what: string): Promise<Value> {
  let cancel = (): void => {};
  const late = new Promise<never>((_, reject) => {
    cancel = systemClock.after(timeoutMs, () => reject(new Error(`${what}: nothing after ${timeoutMs} ms`)));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}
