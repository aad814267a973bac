import { taskQueued, workerHeartbeat } from '@millrace/contracts';
import { seededRng, silentLogger, uuidv5, uuidv7, VirtualClock, type DurationMs, type Logger } from '@millrace/kernel';
import { EventStamper } from '../codec/event-stamper.js';
import { createPropagatingTracer } from '../tracing/propagating-tracer.js';
import {
  ACK,
  newEvent,
  type ConsumerDefinition,
  type HandlerResult,
  type OutgoingRecord,
  type ReceivedEvent,
  type RunningConsumer,
} from '../ports/index.js';
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

/** Decides by the names of the events, `a2` for sequence 2 of task `a`. */
type Handle = (
  names: readonly string[],
  signal: AbortSignal,
  batch: readonly ReceivedEvent[],
) => Promise<readonly HandlerResult[]> | readonly HandlerResult[];

export interface BenchOptions {
  readonly topics?: ConsumerDefinition['topics'];
  readonly from?: 'committed' | 'end';
  readonly partitions?: number;
  /** Acknowledges everything by default. */
  readonly handle?: Handle;
  readonly limits?: Partial<ConsumerLimits>;
  readonly observer?: ConsumerObserver;
  readonly logger?: Logger;
}

/** A virtual clock that knows how many timers wait. */
class CountingClock extends VirtualClock {
  readonly pending = new Set<symbol>();

  override after(delayMs: DurationMs, fn: () => void): () => void {
    const timer = Symbol('timer');
    this.pending.add(timer);
    const cancel = super.after(delayMs, () => {
      this.pending.delete(timer);
      fn();
    });
    return () => {
      this.pending.delete(timer);
      cancel();
    };
  }
}

/** A consumer on a bus in memory, in virtual time, that writes down what it was given. */
export class ConsumerBench {
  readonly clock = new CountingClock();
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
  readonly tracer = createPropagatingTracer(seededRng(4));

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
    await this.bus.publish(this.stampLifecycle(events));
  }

  /** Publishes a record as it stands, of task `name`, with a value that need not be an event. */
  async publishRaw(name: string, value: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const [stamped] = this.stampLifecycle([[name, 1]]);
    if (stamped === undefined) return;
    await this.bus.publish([{ ...stamped, headers: { ...stamped.headers, ...headers }, value: Buffer.from(value) }]);
  }

  async publishHeartbeat(workerId: string): Promise<void> {
    const data = { ...workerHeartbeat.fixture, workerId };
    await this.bus.publish(this.stamper.stamp([newEvent(workerHeartbeat, data)]));
  }

  nameOf(event: ReceivedEvent): string {
    return `${this.names.get(event.key) ?? event.key}${event.sequence ?? ''}`;
  }

  /** Timers that are set and neither fired nor cancelled. */
  pendingTimers(): number {
    return this.clock.pending.size;
  }

  /** Lets everything run that needs no time to pass. */
  async settle(): Promise<void> {
    await this.clock.advance(0);
  }

  /** Records between the committed offsets and the ends, over all partitions of a topic. */
  uncommitted(topic: ConsumerDefinition['topics'][number] = 'task.lifecycle'): number {
    const ends = Map.groupBy(this.bus.records(topic), ({ partition }) => partition);
    return [...ends].reduce(
      (sum, [partition, records]) => sum + records.length - Number(this.bus.committedOffset(GROUP, topic, partition)),
      0,
    );
  }

  /** Records for pairs of task name and sequence, in the trace that is active. */
  stampLifecycle(events: readonly (readonly [string, number])[]): OutgoingRecord[] {
    const news = events.map(([name, sequence]) => {
      this.names.set(taskId(name), name);
      const data = { ...taskQueued.fixture, taskId: taskId(name), sequence };
      return newEvent(taskQueued, data, { tenantId: 'acme', sequence });
    });
    return this.stamper.stamp(news);
  }

  private async handle(batch: readonly ReceivedEvent[], signal: AbortSignal): Promise<readonly HandlerResult[]> {
    const names = batch.map((event) => this.nameOf(event));
    this.calls.push(names);
    const results = (await this.options.handle?.(names, signal, batch)) ?? names.map(() => ACK);
    names.forEach((name, index) => {
      if (results[index]?.kind === 'ack') this.acked.push(name);
    });
    return results;
  }
}

export async function consumerBench(options: BenchOptions = {}): Promise<ConsumerBench> {
  const bench = new ConsumerBench(options);
  await bench.start();
  return bench;
}
