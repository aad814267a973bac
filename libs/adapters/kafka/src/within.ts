import type { Clock, DurationMs } from '@millrace/kernel';

/** Waits for `work` at most so long; true when it settled in time. Rejections count as settled. */
export function within(clock: Clock, limitMs: DurationMs, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(limitMs, () => resolve(false));
    const settled = (): void => {
      cancel();
      resolve(true);
    };
    work.then(settled, settled);
  });
}
