import { TOPIC_NAMES, deadLetterTopic } from '@millrace/contracts';
import { AppError, invariant, type Clock } from '@millrace/kernel';
import type {
  BusSubscription,
  EventBus,
  IncomingRecord,
  OutgoingRecord,
  RecordSink,
  SubscribeOptions,
} from '../ports/event-bus.port.js';
import { InMemoryGroup } from './in-memory-group.js';
import { InMemoryLog } from './in-memory-log.js';
import { InMemoryMember } from './in-memory-member.js';

export interface InMemoryBusOptions {
  readonly clock: Clock;
  /** Partitions of each topic of the contracts and its dead-letter topic, which all exist from the start. Default 4. */
  readonly partitions?: number;
}

/** An EventBus with what a test wants to look at and to break. */
export interface InMemoryBus extends EventBus {
  /** Every record of a topic, partition by partition, in offset order. */
  records(topic: string): readonly IncomingRecord[];
  /** The group's committed offset, 0 where there is none. */
  committedOffset(group: string, topic: string, partition: number): bigint;
  /** From now on each publish asks first; what it throws, publish rejects with. Undefined ends the fault. */
  interceptPublish(check: ((records: readonly OutgoingRecord[]) => void) | undefined): void;
  /** All members of the group vanish as after kill -9: no revocation, no last commit. Committed offsets stay. */
  crashGroup(group: string): void;
}

/** A bus in memory with the semantics of the EventBus port. Deterministic: delivers in microtasks, without timers. */
export function createInMemoryBus(options: InMemoryBusOptions): InMemoryBus {
  return new MemoryBus(options.clock, options.partitions ?? 4);
}

class MemoryBus implements InMemoryBus {
  private readonly log: InMemoryLog;
  private readonly groups = new Map<string, InMemoryGroup>();
  private readonly tails = new Set<InMemoryMember>();
  private readonly closers = new Set<() => Promise<void>>();
  private check: ((records: readonly OutgoingRecord[]) => void) | undefined;
  private closed = false;

  constructor(
    private readonly clock: Clock,
    partitions: number,
  ) {
    this.log = new InMemoryLog(clock);
    for (const topic of TOPIC_NAMES) {
      this.log.ensure(topic, partitions);
      this.log.ensure(deadLetterTopic(topic), partitions);
    }
  }

  async ensureTopics(topics: Parameters<EventBus['ensureTopics']>[0]): Promise<void> {
    this.assertOpen();
    for (const { topic, partitions } of topics) this.log.ensure(topic, partitions);
  }

  async publish(records: readonly OutgoingRecord[]): Promise<void> {
    this.assertOpen();
    this.check?.(records);
    this.log.append(records);
    for (const group of this.groups.values()) group.wake();
    for (const tail of this.tails) tail.wake();
  }

  async subscribe(options: SubscribeOptions, sink: RecordSink): Promise<BusSubscription> {
    this.assertOpen();
    for (const topic of options.topics) this.log.partitionsOf(topic);
    const member = new InMemoryMember(options, sink, this.log);
    return options.from === 'end' ? this.tail(member) : this.share(member);
  }

  async ping(): Promise<void> {
    this.assertOpen();
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.closers].map((close) => close()));
  }

  records(topic: string): readonly IncomingRecord[] {
    return this.log.recordsOf(topic);
  }

  committedOffset(group: string, topic: string, partition: number): bigint {
    return this.groups.get(group)?.committedOffset({ topic, partition }) ?? 0n;
  }

  interceptPublish(check: ((records: readonly OutgoingRecord[]) => void) | undefined): void {
    this.check = check;
  }

  crashGroup(group: string): void {
    this.groups.get(group)?.crash();
  }

  private share(member: InMemoryMember): BusSubscription {
    const group = this.groupOf(member.options.group);
    return this.subscription(member, group.join(member), {
      commit: async (positions) => group.commit(member, positions),
      lag: async () =>
        member.partitions().reduce((sum, at) => sum + Number(this.log.endOf(at) - group.committedOffset(at)), 0),
      leave: () => group.leave(member),
    });
  }

  private tail(member: InMemoryMember): BusSubscription {
    this.tails.add(member);
    const partitions = member.options.topics.flatMap((topic) => this.log.partitionsOf(topic));
    member.assign(partitions.map((at) => ({ ...at, position: this.log.endOf(at) })));
    return this.subscription(member, Promise.resolve(), {
      commit: async () => invariant(false, 'a subscription from the end commits nothing'),
      lag: async () => Number(member.unread()),
      leave: async () => {
        this.tails.delete(member);
        member.drop();
      },
    });
  }

  private subscription(
    member: InMemoryMember,
    ready: Promise<void>,
    part: Pick<BusSubscription, 'commit' | 'lag'> & { readonly leave: () => Promise<void> },
  ): BusSubscription {
    const close = async (): Promise<void> => {
      this.closers.delete(close);
      await part.leave();
      member.closed = true;
    };
    this.closers.add(close);
    return {
      ready,
      commit: part.commit,
      lag: part.lag,
      pause: (partitions) => member.setPaused(partitions, true),
      resume: (partitions) => member.setPaused(partitions, false),
      close,
    };
  }

  private groupOf(name: string): InMemoryGroup {
    const existing = this.groups.get(name);
    if (existing !== undefined) return existing;
    const group = new InMemoryGroup(this.log, this.clock);
    this.groups.set(name, group);
    return group;
  }

  private assertOpen(): void {
    if (!this.closed) return;
    throw new AppError({ kind: 'unavailable', code: 'service_unavailable', message: 'the bus is closed' });
  }
}
