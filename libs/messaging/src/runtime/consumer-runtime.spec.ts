import { describe, expect, it } from '@jest/globals';
import { AppError } from '@millrace/kernel';
import { ACK, type HandlerResult } from '../ports/index.js';
import { consumerBench, type ConsumerBench } from '../testing/consumer-bench.js';

const RETRY: HandlerResult = { kind: 'retry', reason: 'not yet' };
const UNAVAILABLE: HandlerResult = { kind: 'unavailable', reason: 'the database is away' };

/** Acknowledges all but the named events, which get `result` for as long as `while` says. */
function except(name: string, result: HandlerResult, lasts: () => boolean = () => true) {
  return (names: readonly string[]): HandlerResult[] =>
    names.map((other) => (other === name && lasts() ? result : ACK));
}

function callsWith(bench: ConsumerBench, name: string): number {
  return bench.calls.filter((names) => names.includes(name)).length;
}

describe('consumer runtime: batches and lanes', () => {
  it('hands over everything that is ready across keys as one batch, and commits it', async () => {
    const bench = await consumerBench();
    await bench.publishLifecycle([
      ['a', 1],
      ['b', 1],
      ['a', 2],
    ]);
    await bench.settle();
    expect(bench.calls.map((names) => names.toSorted())).toEqual([['a1', 'a2', 'b1']]);
    expect(bench.uncommitted()).toBe(0);
  });

  it('never has a key in two running batches, and goes on with other keys meanwhile', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const bench = await consumerBench({
      handle: async (names) => {
        if (names.includes('a1')) await gate;
        return names.map(() => ACK);
      },
    });
    await bench.publishLifecycle([['a', 1]]);
    await bench.settle();
    await bench.publishLifecycle([
      ['a', 2],
      ['b', 1],
    ]);
    await bench.settle();
    expect(bench.acked).toEqual(['b1']);
    release();
    await bench.settle();
    expect(bench.acked).toEqual(['b1', 'a1', 'a2']);
  });

  it('splits what is ready at the batch limit', async () => {
    const bench = await consumerBench({ limits: { batchEventsMax: 2 }, partitions: 1 });
    await bench.publishLifecycle(['a', 'b', 'c', 'd', 'e'].map((name) => [name, 1] as const));
    await bench.settle();
    expect(bench.calls.map((names) => names.length)).toEqual([2, 2, 1]);
  });

  it('does not commit past a record that is not done', async () => {
    let stuck = true;
    const bench = await consumerBench({ partitions: 1, handle: except('a1', RETRY, () => stuck) });
    await bench.publishLifecycle([
      ['b', 1],
      ['a', 1],
      ['c', 1],
    ]);
    await bench.settle();
    expect(bench.acked).toEqual(['b1', 'c1']);
    expect(bench.bus.committedOffset('spec.consumer', 'task.lifecycle', 0)).toBe(1n);
    stuck = false;
    await bench.clock.advance(1_000);
    expect(bench.uncommitted()).toBe(0);
  });
});

describe('consumer runtime: retries', () => {
  it('P6: tries three times more, after about 100 ms, 400 ms and 1.6 s, then from the store after about 30 s, 5 min and 30 min, then gives the record to the dead-letter topic', async () => {
    const bench = await consumerBench({ topics: ['task.lifecycle'], handle: except('a1', RETRY) });
    await bench.publishLifecycle([['a', 1]]);
    await bench.settle();
    expect(callsWith(bench, 'a1')).toBe(1);
    for (const [waitMs, calls] of [
      [79, 1],
      [42, 2],
      [300, 2],
      [200, 3],
      [1_200, 3],
      [800, 4],
      [23_000, 4],
      [14_000, 5],
      [230_000, 5],
      [140_000, 6],
      [1_400_000, 6],
      [780_000, 7],
    ] as const) {
      expect(bench.bus.records('task.lifecycle.dlq')).toEqual([]);
      await bench.clock.advance(waitMs);
      expect(callsWith(bench, 'a1')).toBe(calls);
    }
    const [dead] = bench.bus.records('task.lifecycle.dlq');
    expect(dead?.headers).toMatchObject({ 'dlq-attempts': '7', 'dlq-error-class': 'retries_exhausted' });
  });

  it('waits for as long as a handler asks', async () => {
    let tries = 0;
    const bench = await consumerBench({
      handle: () => [tries++ === 0 ? { kind: 'retry', reason: 'later', afterMs: 5_000 } : ACK],
    });
    await bench.publishLifecycle([['a', 1]]);
    await bench.clock.advance(3_900);
    expect(tries).toBe(1);
    await bench.clock.advance(2_200);
    expect(tries).toBe(2);
  });

  it('keeps the order of a key while its head is retried, without counting the followers', async () => {
    let failures = 2;
    const bench = await consumerBench({
      handle: (names) => {
        const failing = names.indexOf('a1') >= 0 && failures-- > 0;
        return names.map((name) => (failing && name.startsWith('a') ? RETRY : ACK));
      },
    });
    await bench.publishLifecycle([
      ['a', 1],
      ['a', 2],
      ['a', 3],
      ['b', 1],
    ]);
    await bench.clock.advance(1_000);
    expect(bench.acked.filter((name) => name.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(bench.acked).toContain('b1');
  });

  it('P6: tries the events of a failed batch one by one, so that only the poison suffers', async () => {
    const bench = await consumerBench({
      handle: (names) => {
        if (names.includes('poison1')) throw new Error('boom');
        return names.map(() => ACK);
      },
    });
    await bench.publishLifecycle(['a', 'poison', 'b', 'c'].map((name) => [name, 1] as const));
    await bench.settle();
    expect(bench.acked.toSorted()).toEqual(['a1', 'b1', 'c1']);
    await bench.clock.advance(3_600_000);
    const [dead] = bench.bus.records('task.lifecycle.dlq');
    expect(dead?.headers).toMatchObject({ 'dlq-error-class': 'Error', 'dlq-error-message': 'boom' });
    expect(bench.uncommitted()).toBe(0);
  });

  it('takes a wrong number of results as a failure', async () => {
    const bench = await consumerBench({ handle: () => [] });
    await bench.publishLifecycle([['a', 1]]);
    await bench.clock.advance(3_600_000);
    expect(bench.bus.records('task.lifecycle.dlq')[0]?.headers['dlq-error-class']).toBe('handler_contract');
  });

  it('aborts a handler at its deadline, and tries again', async () => {
    const aborted: boolean[] = [];
    let calls = 0;
    const bench = await consumerBench({
      handle: async (names, signal) => {
        if (calls++ > 0) return names.map(() => ACK);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        aborted.push(signal.aborted);
        throw new Error('too late to matter');
      },
    });
    await bench.publishLifecycle([['a', 1]]);
    await bench.clock.advance(29_999);
    expect(aborted).toEqual([]);
    await bench.clock.advance(200);
    expect(aborted).toEqual([true]);
    expect(bench.acked).toEqual(['a1']);
  });

  it('P6: a handler that hangs on one key leaves the other keys their slots', async () => {
    const bench = await consumerBench({
      handle: (names) => (names.includes('hang1') ? new Promise(() => {}) : names.map(() => ACK)),
    });
    await bench.publishLifecycle([['hang', 1]]);
    await bench.settle();
    for (let i = 1; i <= 20; i++) await bench.publishLifecycle([['a', i]]);
    await bench.settle();
    expect(bench.acked).toHaveLength(20);
  });
});

describe('consumer runtime: our side is unavailable', () => {
  it('pauses the partition and tries for ever, without a dead letter, while other partitions go on', async () => {
    let away = true;
    const bench = await consumerBench({
      handle: (names) => names.map((name) => (name === 'a1' && away ? UNAVAILABLE : ACK)),
    });
    await bench.publishLifecycle(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, 1] as const));
    await bench.clock.advance(600_000);
    expect(bench.acked.length).toBeGreaterThan(0);
    expect(bench.acked).not.toContain('a1');
    expect(bench.bus.records('task.lifecycle.dlq')).toEqual([]);
    expect(callsWith(bench, 'a1')).toBeGreaterThan(50);
    away = false;
    await bench.clock.advance(15_000);
    expect(bench.acked).toContain('a1');
    expect(bench.uncommitted()).toBe(0);
  });

  it('takes a thrown AppError of kind unavailable the same way', async () => {
    let away = true;
    const bench = await consumerBench({
      handle: (names) => {
        if (away) throw new AppError({ kind: 'unavailable', code: 'service_unavailable', message: 'away' });
        return names.map(() => ACK);
      },
    });
    await bench.publishLifecycle([
      ['a', 1],
      ['b', 1],
    ]);
    await bench.clock.advance(120_000);
    away = false;
    await bench.clock.advance(15_000);
    expect(bench.acked.toSorted()).toEqual(['a1', 'b1']);
    expect(bench.bus.records('task.lifecycle.dlq')).toEqual([]);
  });

  it('moves no offset until the dead-letter topic has the record', async () => {
    const bench = await consumerBench({ handle: except('a1', { kind: 'dead', reason: 'broken' }), partitions: 1 });
    bench.bus.interceptPublish((records) => {
      if (records.some(({ topic }) => topic.endsWith('.dlq'))) throw new Error('broker away');
    });
    await bench.publishLifecycle([['a', 1]]);
    await bench.clock.advance(60_000);
    expect(bench.uncommitted()).toBe(1);
    expect(callsWith(bench, 'a1')).toBe(1);
    bench.bus.interceptPublish(undefined);
    await bench.clock.advance(15_000);
    expect(bench.bus.records('task.lifecycle.dlq')).toHaveLength(1);
    expect(bench.uncommitted()).toBe(0);
  });

  it('moves no offset until the store has a held event', async () => {
    const bench = await consumerBench({ handle: except('a2', { kind: 'hold', reason: '1 is missing' }) });
    bench.parked.intercept(() => {
      throw new Error('database away');
    });
    await bench.publishLifecycle([['a', 2]]);
    await bench.clock.advance(30_000);
    expect(bench.uncommitted()).toBe(1);
    bench.parked.intercept(undefined);
    await bench.clock.advance(15_000);
    expect(bench.uncommitted()).toBe(0);
    expect(bench.parked.entries('spec.consumer')).toHaveLength(1);
  });
});
