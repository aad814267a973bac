import { describe, expect, it } from '@jest/globals';
import { workerHeartbeat } from '@millrace/contracts';
import { VirtualClock, silentLogger, sleep } from '@millrace/kernel';
import { Heartbeats } from './heartbeats.js';
import { silentObserver } from './ports/worker-observer.port.js';

/** Heartbeats over a bus that takes 200 ms; each is noted with when it was made. */
function beating() {
  const clock = new VirtualClock();
  const madeAtMs: number[] = [];
  const heartbeats = new Heartbeats({
    heartbeatMs: 5_000,
    publisher: { publish: async () => sleep(clock, 200) },
    clock,
    logger: silentLogger,
    observer: silentObserver,
    state: () => {
      madeAtMs.push(clock.monotonicMs());
      return workerHeartbeat.fixture;
    },
    onBeat: () => undefined,
  });
  return { clock, heartbeats, madeAtMs };
}

describe('a heartbeat with news', () => {
  it('waits for the one on the way, which was made before, and is then made anew', async () => {
    const { clock, heartbeats, madeAtMs } = beating();
    heartbeats.start();
    await clock.advance(100);
    heartbeats.beatAnew();
    await clock.advance(1_000);
    expect(madeAtMs).toEqual([0, 200]);
  });

  it('is not sent after the stop', async () => {
    const { clock, heartbeats, madeAtMs } = beating();
    heartbeats.start();
    heartbeats.beatAnew();
    const stopped = heartbeats.stop();
    await clock.advance(60_000);
    await stopped;
    expect(madeAtMs).toEqual([0]);
  });
});
