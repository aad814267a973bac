import { describe, expect, it } from '@jest/globals';
import { seededRng, silentLogger, type LogFields } from '@millrace/kernel';
import { ACK, traceIdOf, type EventBus, type HandlerResult, type OutgoingRecord } from '../ports/index.js';
import { createPropagatingTracer } from '../tracing/propagating-tracer.js';
import { consumerBench } from '../testing/consumer-bench.js';
import { createInMemoryParkedEventStore } from '../testing/in-memory-parked-event-store.js';
import { createConsumerRuntime } from './create-consumer-runtime.js';

function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}

const names = (count: number): (readonly [string, number])[] =>
  Array.from({ length: count }, (_, i) => [`t${i}`, 1] as const);

describe('consumer runtime: bounded in flight', () => {
  it('pauses at the limit, resumes at half, and does all in the end', async () => {
    const { passed, open } = gate();
    const bench = await consumerBench({
      limits: { inFlightRecordsMax: 4 },
      handle: async (batch) => {
        await passed;
        return batch.map(() => ACK);
      },
    });
    // The bus in memory delivers what is there at once: bounds show from the second delivery on.
    for (const one of names(40)) {
      await bench.publishLifecycle([one]);
      await bench.settle();
    }
    expect(bench.calls.flat().length).toBeLessThanOrEqual(4);
    expect(await bench.consumer.lag()).toMatchObject({ records: 40 });
    open();
    await bench.clock.advance(1_000);
    expect(new Set(bench.acked).size).toBe(40);
    expect(bench.uncommitted()).toBe(0);
  });

  it('bounds bytes as well as records', async () => {
    const { passed, open } = gate();
    const bench = await consumerBench({
      limits: { inFlightBytesMax: 1_000 },
      handle: async (batch) => {
        await passed;
        return batch.map(() => ACK);
      },
    });
    for (const one of names(40)) {
      await bench.publishLifecycle([one]);
      await bench.settle();
    }
    expect(bench.calls.flat().length).toBeLessThan(8);
    open();
    await bench.clock.advance(1_000);
    expect(new Set(bench.acked).size).toBe(40);
  });
});

describe('consumer runtime: start, rebalance and stop', () => {
  it('ends the start when a topic is missing', async () => {
    const bench = await consumerBench();
    const runtime = createConsumerRuntime({ ...parts(bench.bus), clock: bench.clock });
    const definition = { group: 'g', topics: ['no.such' as 'task.lifecycle'], from: 'committed' as const };
    const started = runtime.start({ ...definition, handle: async () => [] });
    await expect(started).rejects.toMatchObject({ code: 'topic_missing' });
  });

  it('refuses to commit offsets without a place for parked events', async () => {
    const bench = await consumerBench();
    const { parked: _, ...rest } = parts(bench.bus);
    const runtime = createConsumerRuntime({ ...rest, clock: bench.clock });
    const definition = { group: 'g', topics: ['task.lifecycle' as const], from: 'committed' as const };
    await expect(runtime.start({ ...definition, handle: async () => [] })).rejects.toThrow('ParkedEventStore');
  });

  it('finishes and commits what runs before a revoked partition goes', async () => {
    const { passed, open } = gate();
    const bench = await consumerBench({
      handle: async (batch) => {
        await passed;
        return batch.map(() => ACK);
      },
    });
    await bench.publishLifecycle(names(4));
    await bench.settle();
    // A second member makes the group rebalance; it waits for the first one.
    const joining = bench.start();
    await bench.clock.advance(5_000);
    open();
    await bench.clock.advance(1_000);
    await joining;
    await bench.clock.advance(1_000);
    expect(bench.acked.toSorted()).toEqual(['t0', 't1', 't2', 't3'].map((name) => `${name}1`));
    expect(bench.uncommitted()).toBe(0);
  });

  it('gives a partition up after 10 s although a handler still runs; the record is delivered again', async () => {
    let calls = 0;
    const bench = await consumerBench({
      handle: (batch) => (calls++ === 0 ? new Promise(() => {}) : batch.map(() => ACK)),
    });
    await bench.publishLifecycle([['a', 1]]);
    await bench.settle();
    const joining = bench.start();
    await bench.clock.advance(9_900);
    expect(bench.acked).toEqual([]);
    await bench.clock.advance(200);
    await joining;
    await bench.clock.advance(1_000);
    expect(bench.acked).toEqual(['a1']);
    expect(bench.uncommitted()).toBe(0);
  });

  it('P20: stops only after what is in memory is done and committed', async () => {
    const { passed, open } = gate();
    const bench = await consumerBench({
      handle: async (batch) => {
        await passed;
        return batch.map(() => ACK);
      },
    });
    await bench.publishLifecycle(names(6));
    await bench.settle();
    let stopped = false;
    const stopping = bench.consumer.stop().then(() => (stopped = true));
    await bench.clock.advance(10_000);
    expect(stopped).toBe(false);
    open();
    await bench.settle();
    await stopping;
    expect(bench.acked).toHaveLength(6);
    expect(bench.uncommitted()).toBe(0);
  });

  it('stops after 25 s at the latest, aborts what hangs, and leaves it to be delivered again', async () => {
    let aborted = false;
    const bench = await consumerBench({
      handle: (batch, signal) => {
        if (!batch.includes('t01')) return batch.map(() => ACK);
        signal.addEventListener('abort', () => (aborted = true));
        return new Promise(() => {});
      },
    });
    await bench.publishLifecycle(names(1));
    await bench.settle();
    const stopping = bench.consumer.stop();
    await bench.clock.advance(24_900);
    expect(aborted).toBe(false);
    await bench.clock.advance(200);
    await stopping;
    expect(aborted).toBe(true);
    expect(bench.uncommitted()).toBe(1);
  });

  it('does not wait at a stop for what waits for its retry', async () => {
    const bench = await consumerBench({ handle: () => [{ kind: 'unavailable', reason: 'away' }] });
    await bench.publishLifecycle([['a', 1]]);
    await bench.settle();
    const stopping = bench.consumer.stop();
    await bench.settle();
    await stopping;
    expect(bench.uncommitted()).toBe(1);
  });

  it('has no timer but the watchdog while nothing is in flight', async () => {
    const bench = await consumerBench();
    await bench.publishLifecycle(names(3));
    await bench.clock.advance(1_000);
    expect(bench.pendingTimers()).toBe(1);
    await bench.consumer.stop();
    expect(bench.pendingTimers()).toBe(0);
  });
});

describe('consumer runtime: from the end', () => {
  it('sees later events only, commits nothing, parks nothing, and drops what it can not use', async () => {
    const logged: string[] = [];
    const bench = await consumerBench({
      from: 'end',
      logger: {
        ...silentLogger,
        error: (message: string, fields?: LogFields) => logged.push(`${message} ${fields?.['kind']}`),
      },
      handle: (batch) => batch.map((name): HandlerResult => (name === 'a1' ? { kind: 'hold', reason: 'early' } : ACK)),
    });
    await bench.publishLifecycle([
      ['a', 1],
      ['b', 1],
    ]);
    await bench.publishRaw('c', 'no json');
    await bench.clock.advance(5_000);
    expect(bench.acked).toEqual(['b1']);
    expect(logged.toSorted()).toEqual(['a record was dropped dead', 'a record was dropped hold']);
    expect(bench.parked.entries('spec.consumer')).toEqual([]);
    expect(bench.bus.records('task.lifecycle.dlq')).toEqual([]);
    expect(bench.uncommitted()).toBe(3);
  });
});

describe('consumer runtime: traces (guarantees.md section 5)', () => {
  it('P19: a batch of one keeps the trace of its event; a batch of several has its own', async () => {
    const seen: (string | undefined)[][] = [];
    const bench = await consumerBench({
      partitions: 1,
      handle: (batch, _signal, events) => {
        const active = traceIdOf(bench.tracer.activeTraceparent());
        seen.push([active, ...events.map(({ traceparent }) => traceIdOf(traceparent))]);
        return batch.map(() => ACK);
      },
    });
    const traced = async (task: string): Promise<OutgoingRecord[]> => {
      const span = bench.tracer.startSpan('request', { root: true });
      return bench.tracer.withSpan(span, async () => bench.stampLifecycle([[task, 1]]));
    };
    await bench.bus.publish(await traced('a'));
    await bench.settle();
    await bench.bus.publish([...(await traced('b')), ...(await traced('c'))]);
    await bench.settle();
    const [single, several] = seen;
    expect(single?.[0]).toBe(single?.[1]);
    expect(new Set(several).size).toBe(3);
    for (const ids of seen) expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
  });
});

function parts(bus: EventBus) {
  return {
    bus,
    parked: createInMemoryParkedEventStore(),
    rng: seededRng(1),
    logger: silentLogger,
    tracer: createPropagatingTracer(seededRng(2)),
  };
}
