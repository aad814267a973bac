import { describe, expect, it } from '@jest/globals';
import { ACK, type HandlerResult } from '../ports/index.js';
import { consumerBench, taskId } from '../testing/consumer-bench.js';

/** Finds the named event broken for as long as `lasts` says, and acknowledges all others. */
function brokenAt(name: string, lasts: () => boolean = () => true) {
  return (names: readonly string[]): HandlerResult[] =>
    names.map((other) => (other === name && lasts() ? { kind: 'dead', reason: 'broken' } : ACK));
}

describe('consumer runtime: dead letters', () => {
  it('keeps raw bytes, key, headers and original position', async () => {
    const bench = await consumerBench({ partitions: 1 });
    await bench.publishLifecycle([['b', 1]]);
    await bench.publishRaw('a', '{"taskId":"no uuid"}');
    await bench.settle();
    const [dead] = bench.bus.records('task.lifecycle.dlq');
    expect(Buffer.from(dead?.value ?? []).toString()).toBe('{"taskId":"no uuid"}');
    expect(dead?.key).toBe(taskId('a'));
    expect(dead?.headers).toMatchObject({
      ce_type: 'io.millrace.task.queued.v1',
      'dlq-original-topic': 'task.lifecycle',
      'dlq-original-partition': '0',
      'dlq-original-offset': '1',
      'dlq-consumer-group': 'spec.consumer',
      'dlq-attempts': '0',
      'dlq-error-class': 'event_schema_mismatch',
    });
    expect(bench.calls).toEqual([['b1']]);
    expect(bench.uncommitted()).toBe(0);
  });

  it('never passes an unknown type on silently', async () => {
    const counted: string[] = [];
    const bench = await consumerBench({
      observer: { deadLettered: (_group, topic, errorClass) => counted.push(`${topic} ${errorClass}`) },
    });
    await bench.publishRaw('a', '{}', { ce_type: 'io.millrace.task.teleported.v9' });
    await bench.settle();
    expect(bench.bus.records('task.lifecycle.dlq')).toHaveLength(1);
    expect(counted).toEqual(['task.lifecycle event_type_unknown']);
  });

  it('blocks the key of a dead lifecycle event until it is skipped, and no other key', async () => {
    const bench = await consumerBench({ handle: brokenAt('a1') });
    await bench.publishLifecycle([
      ['a', 1],
      ['a', 2],
      ['b', 1],
    ]);
    await bench.settle();
    await bench.publishLifecycle([
      ['a', 3],
      ['b', 2],
    ]);
    await bench.clock.advance(120_000);
    // a2 came in the same batch as a1 and was applied by the handler; what comes after the death waits.
    expect(bench.acked.filter((name) => name.startsWith('b'))).toEqual(['b1', 'b2']);
    expect(bench.acked).not.toContain('a3');
    expect(bench.parked.entries('spec.consumer').map(({ kind }) => kind)).toEqual(['dead', 'parked']);
    expect(bench.uncommitted()).toBe(0);
    const [dead] = bench.parked.entries('spec.consumer');
    if (dead !== undefined) await bench.parked.remove('spec.consumer', [dead.record]);
    await bench.clock.advance(31_000);
    expect(bench.acked).toContain('a3');
    expect(bench.parked.entries('spec.consumer')).toEqual([]);
  });

  it('offers a redriven record and its followers again, in order', async () => {
    let broken = true;
    const bench = await consumerBench({
      handle: brokenAt('a1', () => broken),
      limits: { batchEventsMax: 1 },
    });
    await bench.publishLifecycle([
      ['a', 1],
      ['a', 2],
      ['a', 3],
    ]);
    await bench.clock.advance(1_000);
    expect(bench.acked).toEqual([]);
    broken = false;
    const [dead] = bench.parked.entries('spec.consumer');
    if (dead !== undefined) await bench.parked.put('spec.consumer', [{ ...dead, kind: 'parked' }]);
    await bench.clock.advance(31_000);
    expect(bench.acked).toEqual(['a1', 'a2', 'a3']);
    expect(bench.parked.entries('spec.consumer')).toEqual([]);
  });

  it('keeps a key blocked over a restart', async () => {
    const bench = await consumerBench({ handle: brokenAt('a1') });
    await bench.publishLifecycle([['a', 1]]);
    await bench.settle();
    await bench.consumer.stop();
    await bench.start();
    await bench.publishLifecycle([['a', 2]]);
    await bench.clock.advance(60_000);
    expect(bench.acked).toEqual([]);
    expect(bench.parked.entries('spec.consumer').map(({ kind }) => kind)).toEqual(['dead', 'parked']);
  });

  it('does not unblock a key when its dead record is redelivered', async () => {
    const bench = await consumerBench({ handle: brokenAt('a1') });
    await bench.publishLifecycle([['a', 1]]);
    // The crash comes after the store has the record and before the commit.
    bench.bus.crashGroup('spec.consumer');
    const [record] = bench.bus.records('task.lifecycle');
    if (record === undefined) throw new Error('the record was published');
    await bench.parked.put('spec.consumer', [{ kind: 'dead', reason: 'broken', parkedAt: 0, record }]);
    await bench.start();
    await bench.settle();
    expect(bench.parked.entries('spec.consumer').map(({ kind }) => kind)).toEqual(['dead']);
    expect(bench.uncommitted()).toBe(0);
  });
});
