import { describe, expect, it } from '@jest/globals';
import { deadLetterEvent } from '../codec/dead-letter-event.js';
import { ACK, type HandlerResult, type Resolution } from '../ports/index.js';
import { GROUP, consumerBench, type ConsumerBench } from '../testing/consumer-bench.js';
import { resolutionRecord } from './resolution.js';

const DLQ = 'task.lifecycle.dlq';

/** Decides about the last dead letter, as the gateway does. */
async function resolveLast(bench: ConsumerBench, resolution: Resolution, topic = DLQ, group = GROUP): Promise<void> {
  const record = bench.bus.records(topic).at(-1);
  if (record === undefined) throw new Error('there is a dead letter');
  const { data } = deadLetterEvent(record);
  const original = { topic: data.topic, key: data.key, headers: data.headers, value: data.value };
  const position = { topic: data.topic, partition: data.partition, offset: data.offset };
  await bench.bus.publish([resolutionRecord(original, { group, resolution, position })]);
  await bench.settle();
}

function brokenUntil(name: string, repaired: () => boolean): Promise<ConsumerBench> {
  return consumerBench({
    limits: { batchEventsMax: 1 },
    handle: (names): HandlerResult[] =>
      names.map((other) => (other === name && !repaired() ? { kind: 'dead', reason: 'broken' } : ACK)),
  });
}

describe('consumer runtime: resolutions of dead letters', () => {
  it('P6: a redrive applies the dead record and then what waited behind it, at once and in order', async () => {
    let repaired = false;
    const bench = await brokenUntil('a1', () => repaired);
    await bench.publishLifecycle([
      ['a', 1],
      ['a', 2],
    ]);
    await bench.settle();
    await bench.publishLifecycle([['a', 3]]);
    await bench.settle();
    repaired = true;
    await resolveLast(bench, 'redrive');
    expect(bench.acked).toEqual(['a1', 'a2', 'a3']);
    expect(bench.parked.entries(GROUP)).toEqual([]);
    await bench.clock.advance(200);
    expect(bench.uncommitted()).toBe(0);
  });

  it('a skip lets the followers go without the dead record', async () => {
    const bench = await brokenUntil('a1', () => false);
    await bench.publishLifecycle([
      ['a', 1],
      ['a', 2],
    ]);
    await bench.settle();
    await resolveLast(bench, 'skip');
    expect(bench.acked).toEqual(['a2']);
    expect(bench.parked.entries(GROUP)).toEqual([]);
  });

  it('a redriven record that dies again blocks again, and its dead letter says how often it was redriven', async () => {
    const bench = await brokenUntil('a1', () => false);
    await bench.publishLifecycle([['a', 1]]);
    await bench.settle();
    await resolveLast(bench, 'redrive');
    const dead = bench.bus.records(DLQ).map((record) => deadLetterEvent(record).data);
    expect(dead.map(({ redrives, offset, blocksKey }) => [redrives, offset, blocksKey])).toEqual([
      [0, 0n, true],
      [1, 0n, true],
    ]);
    expect(bench.parked.entries(GROUP).map(({ kind }) => kind)).toEqual(['dead']);
  });

  it('P3: a resolution said twice, or after a restart, applies the record once more at most', async () => {
    let repaired = false;
    const bench = await brokenUntil('a1', () => repaired);
    await bench.publishLifecycle([['a', 1]]);
    await bench.settle();
    repaired = true;
    await resolveLast(bench, 'redrive');
    await bench.clock.advance(200);
    bench.bus.crashGroup(GROUP);
    await bench.start();
    await bench.settle();
    expect(bench.acked).toEqual(['a1']);
    // The second goes to the handler as an event with the same id and sequence, which the inbox or the sequence stops.
    await resolveLast(bench, 'redrive');
    expect(bench.acked).toEqual(['a1', 'a1']);
    await resolveLast(bench, 'skip');
    expect(bench.acked).toEqual(['a1', 'a1']);
  });

  it('other groups pass it over, those that read from the end too', async () => {
    for (const from of ['committed', 'end'] as const) {
      const errors: string[] = [];
      const bench = await consumerBench({ from, handle: (names) => names.map(() => ACK) });
      await bench.publishLifecycle([['a', 1]]);
      await bench.settle();
      const [record] = bench.bus.records('task.lifecycle');
      if (record === undefined) throw new Error('the record was published');
      const position = { topic: record.topic, partition: record.partition, offset: record.offset };
      await bench.bus.publish([resolutionRecord(record, { group: 'another.group', resolution: 'redrive', position })]);
      await bench.clock.advance(200);
      expect(bench.acked).toEqual(['a1']);
      expect(errors).toEqual([]);
      if (from === 'committed') expect(bench.uncommitted()).toBe(0);
    }
  });

  it('where the topic has no sequence, a redrive is an event like others at its new place', async () => {
    let repaired = false;
    const bench = await consumerBench({
      topics: ['worker.heartbeat'],
      handle: (names): HandlerResult[] => names.map(() => (repaired ? ACK : { kind: 'dead', reason: 'broken' })),
    });
    await bench.publishHeartbeat('w1');
    await bench.settle();
    expect(bench.parked.entries(GROUP)).toEqual([]);
    repaired = true;
    await resolveLast(bench, 'redrive', 'worker.heartbeat.dlq');
    expect(bench.acked).toHaveLength(1);
  });

  it('is read even where the dead record could not be, and opens its key', async () => {
    const bench = await consumerBench({ limits: { batchEventsMax: 1 } });
    await bench.publishRaw('a', 'no json');
    await bench.publishLifecycle([['a', 2]]);
    await bench.settle();
    expect(bench.acked).toEqual([]);
    await resolveLast(bench, 'skip');
    expect(bench.acked).toEqual(['a2']);
  });

  it('waits for the store: nothing is forgotten while it is away', async () => {
    let repaired = false;
    const bench = await brokenUntil('a1', () => repaired);
    await bench.publishLifecycle([['a', 1]]);
    await bench.settle();
    repaired = true;
    bench.parked.intercept(() => {
      throw new Error('away');
    });
    await resolveLast(bench, 'redrive');
    await bench.clock.advance(1_000);
    expect(bench.acked).toEqual([]);
    expect(bench.uncommitted()).toBe(1);
    bench.parked.intercept(undefined);
    await bench.clock.advance(30_000);
    expect(bench.acked).toEqual(['a1']);
  });
});

describe('consumers of dead-letter topics', () => {
  it('get every record, with what is known of it, and never make a dead letter of one', async () => {
    const seen: string[] = [];
    const bench = await consumerBench({
      topics: [DLQ],
      handle: (_names, _signal, batch) => {
        seen.push(...batch.map(({ type }) => type));
        return batch.map(() => ({ kind: 'dead', reason: 'even so' }));
      },
    });
    await bench.bus.publish([{ topic: DLQ, key: 'a', headers: {}, value: Buffer.from('whatever') }]);
    await bench.clock.advance(200);
    expect(seen).toEqual(['io.millrace.dead-letter']);
    expect(bench.uncommitted(DLQ)).toBe(0);
    expect(bench.parked.entries(GROUP)).toEqual([]);
  });
});
