import { describe, expect, it } from '@jest/globals';
import { seededRng, silentLogger, VirtualClock } from '@millrace/kernel';
import type { BusSubscription, EventBus, RecordSink } from '../ports/index.js';
import { createPropagatingTracer } from '../tracing/propagating-tracer.js';
import { consumerBench } from '../testing/consumer-bench.js';
import { createInMemoryParkedEventStore } from '../testing/in-memory-parked-event-store.js';
import { createConsumerRuntime } from './create-consumer-runtime.js';

describe('consumer runtime: watchdog and lag', () => {
  it('subscribes anew when records wait and nothing was fetched for 60 s', async () => {
    const clock = new VirtualClock();
    const bus = new SilentBus();
    let resubscribed = 0;
    const runtime = createConsumerRuntime({
      ...parts(bus),
      clock,
      observer: { resubscribed: () => (resubscribed += 1) },
    });
    const consumer = await runtime.start({
      ...{ group: 'g', topics: ['task.lifecycle'], from: 'committed' },
      handle: async () => [],
    });
    await clock.advance(300_000);
    expect(bus.subscribed).toBe(1);
    bus.lag = 5;
    await clock.advance(89_000);
    expect([bus.subscribed, bus.closed, resubscribed]).toEqual([2, 1, 1]);
    expect(await consumer.lag()).toMatchObject({ records: 5 });
    bus.lag = 0;
    await clock.advance(300_000);
    expect(bus.subscribed).toBe(2);
    await consumer.stop();
  });

  it('P21: gives a subscription its full time again after the bus was away', async () => {
    const clock = new VirtualClock();
    const bus = new SilentBus();
    const runtime = createConsumerRuntime({ ...parts(bus), clock });
    const consumer = await runtime.start({
      ...{ group: 'g', topics: ['task.lifecycle'], from: 'committed' },
      handle: async () => [],
    });
    bus.lag = new Error('away');
    await clock.advance(300_000);
    bus.lag = 5;
    await clock.advance(59_000);
    expect(bus.subscribed).toBe(1);
    await clock.advance(31_000);
    expect(bus.subscribed).toBe(2);
    await consumer.stop();
  });

  it('tells the lag in records and the age of the oldest', async () => {
    const bench = await consumerBench({ handle: () => [{ kind: 'unavailable', reason: 'away' }] });
    await bench.publishLifecycle([['a', 1]]);
    await bench.clock.advance(7_000);
    expect(await bench.consumer.lag()).toEqual({ records: 1, oldestMs: 7_000 });
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

/** A bus whose subscriptions fetch nothing, whatever the lag. */
class SilentBus implements EventBus {
  subscribed = 0;
  closed = 0;
  lag: number | Error = 0;

  async subscribe(_options: unknown, _sink: RecordSink): Promise<BusSubscription> {
    this.subscribed += 1;
    return {
      ready: Promise.resolve(),
      commit: async () => {},
      pause: () => {},
      resume: () => {},
      lag: async () => {
        if (this.lag instanceof Error) throw this.lag;
        return this.lag;
      },
      close: async () => {
        this.closed += 1;
      },
    };
  }

  async ensureTopics(): Promise<void> {}
  async publish(): Promise<void> {}
  async ping(): Promise<void> {}
  async close(): Promise<void> {}
}
