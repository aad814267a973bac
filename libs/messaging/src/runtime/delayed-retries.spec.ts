import { describe, expect, it } from '@jest/globals';
import { ACK, type HandlerResult } from '../ports/index.js';
import { GROUP, consumerBench, type BenchOptions, type ConsumerBench } from '../testing/consumer-bench.js';

const RETRY: HandlerResult = { kind: 'retry', reason: 'not yet' };
const MINUTE_MS = 60_000;

/** Fails the named event until `repaired` says so. */
function failing(name: string, repaired: () => boolean, options: BenchOptions = {}): Promise<ConsumerBench> {
  return consumerBench({
    ...options,
    handle: (names) => names.map((other) => (other === name && !repaired() ? RETRY : ACK)),
  });
}

function kindsIn(bench: ConsumerBench): string[] {
  return bench.parked.entries(GROUP).map(({ kind }) => kind);
}

describe('consumer runtime: delayed retries', () => {
  it('P6: sets a failing record aside durably, moves on, and applies it and its followers in order when it is due', async () => {
    let repaired = false;
    const bench = await failing('a1', () => repaired, { limits: { batchEventsMax: 1 } });
    await bench.publishLifecycle([['a', 1]]);
    await bench.clock.advance(5_000);
    expect(kindsIn(bench)).toEqual(['delayed']);
    await bench.publishLifecycle([
      ['a', 2],
      ['b', 1],
      ['a', 3],
    ]);
    await bench.clock.advance(1_000);
    expect(bench.acked).toEqual(['b1']);
    expect(bench.uncommitted()).toBe(0);
    expect(kindsIn(bench)).toEqual(['delayed', 'parked', 'parked']);
    repaired = true;
    await bench.clock.advance(40_000);
    expect(bench.acked).toEqual(['b1', 'a1', 'a2', 'a3']);
    expect(kindsIn(bench)).toEqual([]);
  });

  it('P6: goes on counting after a restart: no try is given twice, and none comes early', async () => {
    const bench = await failing('a1', () => false);
    await bench.publishLifecycle([['a', 1]]);
    await bench.clock.advance(5_000);
    expect(bench.calls).toHaveLength(4);
    for (const [waitMs, calls] of [
      [20_000, 4],
      [15_000, 5],
      [4 * MINUTE_MS, 5],
      [2.5 * MINUTE_MS, 6],
      [20 * MINUTE_MS, 6],
      [20 * MINUTE_MS, 7],
    ] as const) {
      bench.bus.crashGroup(GROUP);
      await bench.start();
      await bench.clock.advance(waitMs);
      expect(bench.calls).toHaveLength(calls);
    }
    expect(bench.bus.records('task.lifecycle.dlq')).toHaveLength(1);
    expect(kindsIn(bench)).toEqual(['dead']);
  });

  it('P6: counts on where a crash came between the store and the commit', async () => {
    const bench = await failing('a1', () => false);
    await bench.publishLifecycle([['a', 1]]);
    const [record] = bench.bus.records('task.lifecycle');
    if (record === undefined) throw new Error('the record was published');
    bench.bus.crashGroup(GROUP);
    const dueAt = bench.clock.now() - 1;
    await bench.parked.put(GROUP, [{ kind: 'delayed', reason: 'x', parkedAt: 0, dueAt, failedTries: 6, record }]);
    await bench.start();
    const before = bench.calls.length;
    await bench.clock.advance(100);
    expect(bench.calls.length - before).toBe(1);
    expect(bench.bus.records('task.lifecycle.dlq')[0]?.headers).toMatchObject({ 'dlq-attempts': '7' });
  });

  it('does not retry after minutes what is worth nothing by then: heartbeats and commands', async () => {
    const bench = await consumerBench({ topics: ['worker.heartbeat'], handle: (names) => names.map(() => RETRY) });
    await bench.publishHeartbeat('w1');
    await bench.clock.advance(5_000);
    expect(bench.calls).toHaveLength(4);
    expect(bench.bus.records('worker.heartbeat.dlq')).toHaveLength(1);
    expect(kindsIn(bench)).toEqual([]);
  });

  it('has one timer for any number of delayed keys', async () => {
    const bench = await consumerBench({ handle: (names) => names.map(() => RETRY) });
    await bench.publishLifecycle(Array.from({ length: 20 }, (_, i) => [`task${i}`, 1] as const));
    await bench.clock.advance(10_000);
    expect(kindsIn(bench)).toHaveLength(20);
    // The watchdog, and the earliest of the delayed keys.
    expect(bench.pendingTimers()).toBe(2);
    await bench.clock.advance(60 * MINUTE_MS);
    expect(bench.calls.flat()).toHaveLength(20 * 7);
  });
});
