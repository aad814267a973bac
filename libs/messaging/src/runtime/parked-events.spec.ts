import { describe, expect, it } from '@jest/globals';
import { ACK, type HandlerResult } from '../ports/index.js';
import { consumerBench, type BenchOptions, type ConsumerBench } from '../testing/consumer-bench.js';

const HOLD: HandlerResult = { kind: 'hold', reason: 'an earlier sequence is missing' };

/** Applies sequences as the engines do: the next one, nothing older, and what is newer is held. */
function inSequence(options: BenchOptions = {}): Promise<ConsumerBench> {
  const last = new Map<string, number>();
  return consumerBench({
    ...options,
    handle: (_names, _signal, batch) =>
      batch.map(({ key, sequence = 0 }) => {
        const before = last.get(key) ?? 0;
        if (sequence > before + 1) return HOLD;
        last.set(key, Math.max(before, sequence));
        return ACK;
      }),
  });
}

describe('consumer runtime: held and parked events', () => {
  it('P4: applies events in sequence although they came in another order', async () => {
    const bench = await inSequence();
    await bench.publishLifecycle([['a', 3]]);
    await bench.settle();
    await bench.publishLifecycle([['a', 4]]);
    await bench.publishLifecycle([['a', 2]]);
    await bench.clock.advance(200);
    expect(bench.acked).toEqual([]);
    expect(bench.parked.entries('spec.consumer').map(({ kind }) => kind)).toEqual(['held', 'held', 'held']);
    expect(bench.uncommitted()).toBe(0);
    await bench.publishLifecycle([['a', 1]]);
    await bench.settle();
    expect(bench.acked).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect(bench.parked.entries('spec.consumer')).toEqual([]);
  });

  it('P4: also where the missing event came in one batch with others that wait for it', async () => {
    const bench = await inSequence();
    await bench.publishLifecycle([['a', 4]]);
    await bench.settle();
    await bench.publishLifecycle([
      ['a', 3],
      ['a', 2],
      ['a', 1],
    ]);
    await bench.settle();
    expect(bench.acked).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect(bench.parked.entries('spec.consumer')).toEqual([]);
  });

  it('keeps holding what still misses an event, without trying it in a loop', async () => {
    const bench = await inSequence();
    await bench.publishLifecycle([['a', 5]]);
    await bench.publishLifecycle([['a', 1]]);
    await bench.clock.advance(600_000);
    expect(bench.acked).toEqual(['a1']);
    expect(bench.calls.length).toBeLessThanOrEqual(4);
    expect(bench.parked.entries('spec.consumer')).toHaveLength(1);
  });

  it('releases what was held before a restart', async () => {
    const bench = await inSequence();
    await bench.publishLifecycle([['a', 2]]);
    await bench.settle();
    await bench.consumer.stop();
    await bench.start();
    await bench.publishLifecycle([['a', 1]]);
    await bench.settle();
    expect(bench.acked).toEqual(['a1', 'a2']);
    expect(bench.parked.entries('spec.consumer')).toEqual([]);
  });

  it('offers held events once at a start: the missing one may have passed just before a crash', async () => {
    let missing = true;
    const bench = await consumerBench({ handle: (names) => names.map(() => (missing ? HOLD : ACK)) });
    await bench.publishLifecycle([['a', 2]]);
    await bench.settle();
    await bench.consumer.stop();
    missing = false;
    await bench.start();
    await bench.settle();
    expect(bench.acked).toEqual(['a2']);
    expect(bench.parked.entries('spec.consumer')).toEqual([]);
  });

  it('releases more held events of a key than are loaded at a time', async () => {
    const bench = await inSequence({ limits: { parkedLoadMax: 3 } });
    for (let sequence = 2; sequence <= 12; sequence++) await bench.publishLifecycle([['a', sequence]]);
    await bench.settle();
    await bench.publishLifecycle([['a', 1]]);
    await bench.clock.advance(1_000);
    expect(bench.acked).toEqual(Array.from({ length: 12 }, (_, i) => `a${i + 1}`));
    expect(bench.parked.entries('spec.consumer')).toEqual([]);
  });

  it('lets a key that a handler parked wait, with its followers, and tries it again in order', async () => {
    let wait = true;
    const bench = await consumerBench({
      handle: (names) => names.map((name) => (wait && name.startsWith('a') ? { kind: 'park', reason: 'later' } : ACK)),
    });
    await bench.publishLifecycle([
      ['a', 1],
      ['b', 1],
    ]);
    await bench.settle();
    await bench.publishLifecycle([['a', 2]]);
    await bench.clock.advance(200);
    expect(bench.calls.flat().filter((name) => name === 'a2')).toEqual([]);
    expect(bench.uncommitted()).toBe(0);
    wait = false;
    await bench.clock.advance(31_000);
    expect(bench.acked).toEqual(['b1', 'a1', 'a2']);
    expect(bench.parked.entries('spec.consumer')).toEqual([]);
  });
});
