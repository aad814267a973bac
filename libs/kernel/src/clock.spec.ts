import { describe, expect, it } from '@jest/globals';
import { sleep } from './clock.js';
import { VirtualClock } from './virtual-clock.js';

describe('VirtualClock', () => {
  it('fires timers in order of due time, then of making', async () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.after(20, () => fired.push('late'));
    clock.after(10, () => fired.push('first'));
    clock.after(10, () => fired.push('second'));
    await clock.advance(15);
    expect(fired).toEqual(['first', 'second']);
    await clock.advance(5);
    expect(fired).toEqual(['first', 'second', 'late']);
  });

  it('lets a chain of sleeps run within one advance', async () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    void (async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(clock, 10);
        seen.push(clock.monotonicMs());
      }
    })();
    await clock.advance(100);
    expect(seen).toEqual([10, 20, 30]);
  });

  it('does not fire what was cancelled', async () => {
    const clock = new VirtualClock();
    let fired = false;
    clock.after(10, () => (fired = true))();
    await clock.advance(20);
    expect(fired).toBe(false);
  });
});

describe('sleep', () => {
  it('ends at once when its signal aborts', async () => {
    const stop = new AbortController();
    const done = sleep(new VirtualClock(), 1000, stop.signal);
    stop.abort();
    await expect(done).resolves.toBeUndefined();
  });
});
