import { taskQueued, type TopicName } from '@millrace/contracts';
import { seededRng, silentLogger, uuidv5, uuidv7, VirtualClock, type Logger } from '@millrace/kernel';
import { EventStamper } from '../codec/event-stamper.js';
import { createPropagatingTracer } from '../tracing/propagating-tracer.js';
import { ACK, newEvent, type HandlerResult, type ReceivedEvent, type RunningConsumer } from '../ports/index.js';
import { createInMemoryBus, type InMemoryBus } from './in-memory-bus.js';
import { createInMemoryParkedEventStore, type InMemoryParkedEventStore } from './in-memory-parked-event-store.js';
import type { ConsumerObserver } from '../runtime/consumer-context.js';
import type { ConsumerLimits } from '../runtime/consumer-limits.js';
import { createConsumerRuntime } from '../runtime/create-consumer-runtime.js';

export const GROUP = 'spec.consumer';
const NAMESPACE = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

/** A task id for a short name. */
export function taskId(name: string): string {
  return uuidv5(NAMESPACE, name);
}

type Handle = (batch: readonly ReceivedEvent[], signal: AbortSignal) => Promise<readonly HandlerResult[]>;

export interface BenchOptions {
  readonly topics?: readonly TopicName[];
  readonly from?: 'committed' | 'end';
  readonly partitions?: number;
  /** Acknowledges everything by default. */
  readonly handle?: Handle;
  readonly limits?: Partial<ConsumerLimits>;
  readonly observer?: ConsumerObserver;
  readonly logger?: Logger;
}

/** A consumer on a bus in memory, in virtual time, that writes down what it was given. */
export class ConsumerBench {
  readonly clock = new VirtualClock();
  readonly bus: InMemoryBus;
  readonly parked: InMemoryParkedEventStore = createInMemoryParkedEventStore();
  /** The names of the events of each call, `a2` for sequence 2 of task `a`. */
  readonly calls: string[][] = [];
  /** Every event that was acknowledged, in order. */
  readonly acked: string[] = [];
  readonly stamper: EventStamper;
  consumer!: RunningConsumer;
  private readonly names = new Map<string, string>();
  private readonly rng = seededRng(3);
  private readonly tracer = createPropagatingTracer(seededRng(4));

  constructor(private readonly options: BenchOptions) {
    this.bus = createInMemoryBus({ clock: this.clock, partitions: options.partitions ?? 2 });
    const ids = { next: () => uuidv7(this.clock.now(), this.rng) };
    this.stamper = new EventStamper({ clock: this.clock, ids, tracer: this.tracer });
  }

  async start(): Promise<void> {
    const { topics = ['task.lifecycle'], from = 'committed', limits = {}, observer = {}, logger } = this.options;
    const runtime = createConsumerRuntime({
      bus: this.bus,
      parked: this.parked,
      clock: this.clock,
      rng: seededRng(5),
      logger: logger ?? silentLogger,
      tracer: this.tracer,
      limits,
      observer,
    });
    this.consumer = await runtime.start({
      ...{ group: GROUP, topics, from },
      handle: (batch, { signal }) => this.handle(batch, signal),
    });
    await this.consumer.ready;
  }

  /** Publishes task.queued events for pairs of task name and sequence. */
  async publishLifecycle(events: readonly (readonly [string, number])[]): Promise<void> {
    const news = events.map(([name, sequence]) => {
      this.names.set(taskId(name), name);
      const data = { ...taskQueued.fixture, taskId: taskId(name), sequence };
      return newEvent(taskQueued, data, { tenantId: 'acme', sequence });
    });
    await this.bus.publish(this.stamper.stamp(news));
  }

  nameOf(event: ReceivedEvent): string {
    return `${this.names.get(event.key) ?? event.key}${event.sequence ?? ''}`;
  }

  /** Lets everything run that needs no time to pass. */
  async settle(): Promise<void> {
    await this.clock.advance(0);
  }

  applied(): readonly string[] {
    return this.acked;
  }

  /** Records between the committed offsets and the ends, over all partitions of a topic. */
  uncommitted(topic: TopicName = 'task.lifecycle'): number {
    const ends = Map.groupBy(this.bus.records(topic), ({ partition }) => partition);
    return [...ends].reduce(
      (sum, [partition, records]) => sum + records.length - Number(this.bus.committedOffset(GROUP, topic, partition)),
      0,
    );
  }

  private async handle(batch: readonly ReceivedEvent[], signal: AbortSignal): Promise<readonly HandlerResult[]> {
    this.calls.push(batch.map((event) => this.nameOf(event)));
    const results = (await this.options.handle?.(batch, signal)) ?? batch.map(() => ACK);
    batch.forEach((event, index) => {
      if (results[index]?.kind === 'ack') this.acked.push(this.nameOf(event));
    });
    return results;
  }
}

export async function consumerBench(options: BenchOptions = {}): Promise<ConsumerBench> {
  const bench = new ConsumerBench(options);
  await bench.start();
  return bench;
}
