import { AppError, sleep, type DurationMs } from '@millrace/kernel';
import type {
  BusSubscription,
  EventBus,
  OutgoingRecord,
  RecordSink,
  SubscribeOptions,
} from '@millrace/messaging/ports';
import { BusGroup } from './bus-group.js';
import { BusMember } from './bus-member.js';
import type { Machine, MachineWorld } from './machine.js';
import { RecordLog, partitionOf, partitionsOf } from './record-log.js';

/** How long a client tries before it says that the broker is away. */
const GIVE_UP_MS: DurationMs = 1_000;

/** A broker that outlives the machines: at least once, ordered per partition, and as faulty as the seed says. */
export class SimulatedBus {
  readonly log: RecordLog;
  private readonly groups = new Map<string, BusGroup>();
  private readonly topicsOf = new Map<string, ReadonlySet<string>>();
  private readonly tails = new Set<BusMember>();
  private awayUntilMs = 0;

  constructor(private readonly world: MachineWorld) {
    this.log = new RecordLog(world.clock);
  }

  isAway(): boolean {
    return this.world.clock.monotonicMs() < this.awayUntilMs;
  }

  goAway(durationMs: DurationMs): void {
    this.awayUntilMs = this.world.clock.monotonicMs() + durationMs;
    this.world.clock.after(durationMs, () => this.wakeAll());
  }

  comeBack(): void {
    this.awayUntilMs = 0;
    this.wakeAll();
  }

  /** Records that groups have not committed yet, over all topics that they read. */
  lag(): number {
    return [...this.groups.entries()].reduce((sum, [name, group]) => {
      const topics = this.topicsOf.get(name) ?? new Set<string>();
      const ends = [...topics].flatMap(partitionsOf);
      return sum + ends.reduce((each, at) => each + Number(this.log.endOf(at) - group.committedOffset(at)), 0);
    }, 0);
  }

  /** The bus as one machine's client sees it. */
  of(machine: Machine): EventBus {
    return {
      ensureTopics: async () => machine.step(),
      publish: (records) => machine.call(() => this.publish(machine, records)),
      subscribe: (options, sink) => machine.call(() => this.subscribe(machine, options, sink)),
      ping: () => machine.call(() => this.reach()),
      close: async () => {},
    };
  }

  private async publish(machine: Machine, records: readonly OutgoingRecord[]): Promise<void> {
    await this.reach();
    const { faults } = this.world;
    if (faults.happens('publish refused')) throw unavailable('the broker refused the records');
    const isWorker = machine.name.startsWith('worker');
    const isLost = isWorker && faults.happens('worker lost amid a publish');
    if (isLost || faults.happens('publish in part')) {
      this.appendPart(records);
      if (isLost) machine.kill('lost');
      throw unavailable('a broker did not answer');
    }
    const times = faults.happens('record published twice') ? 2 : 1;
    for (let time = 0; time < times; time++) for (const record of records) this.log.append(record);
    this.wakeAll();
    if (faults.happens('publish answer lost')) throw unavailable('the connection broke before the answer');
  }

  /** What is for one of the partitions: the brokers of the others did not take theirs. */
  private appendPart(records: readonly OutgoingRecord[]): void {
    const one = partitionOf(records[Math.floor(this.world.rng.next() * records.length)]?.key ?? '');
    for (const record of records) if (partitionOf(record.key) === one) this.log.append(record);
    this.wakeAll();
  }

  private async subscribe(machine: Machine, options: SubscribeOptions, sink: RecordSink): Promise<BusSubscription> {
    await this.reach();
    const member = new BusMember(machine, options, sink, this.world, this);
    return options.from === 'end' ? this.tail(member) : this.share(member);
  }

  private tail(member: BusMember): BusSubscription {
    this.tails.add(member);
    member.machine.watch({ killed: () => void this.tails.delete(member), resumed: () => member.wake() });
    const positions = member.options.topics
      .flatMap(partitionsOf)
      .map((at) => ({ ...at, position: this.log.endOf(at) }));
    member.assign(positions);
    return this.subscription(member, Promise.resolve(), {
      commit: async () => {
        throw new Error('a subscription from the end commits nothing');
      },
      lag: async () => Number(member.unread()),
      leave: async () => void this.tails.delete(member),
    });
  }

  private share(member: BusMember): BusSubscription {
    const { group: name, topics } = member.options;
    const group = this.groups.get(name) ?? new BusGroup(this.world);
    this.groups.set(name, group);
    const known = this.topicsOf.get(name) ?? new Set();
    this.topicsOf.set(name, new Set([...known, ...topics]));
    return this.subscription(member, group.join(member), {
      commit: async (positions) => {
        if (this.world.faults.happens('rebalance')) void group.shake();
        group.commit(member, positions);
      },
      lag: async () =>
        member.partitions().reduce((sum, at) => sum + Number(this.log.endOf(at) - group.committedOffset(at)), 0),
      leave: () => group.leave(member),
    });
  }

  private subscription(
    member: BusMember,
    ready: Promise<void>,
    part: Pick<BusSubscription, 'commit' | 'lag'> & { readonly leave: () => Promise<void> },
  ): BusSubscription {
    const { machine } = member;
    const answered = <Result>(effect: () => Promise<Result>): Promise<Result> =>
      machine.call(async () => {
        await this.reach();
        return effect();
      });
    return {
      ready: ready.then(() => machine.running()),
      commit: (positions) => answered(() => part.commit(positions)),
      lag: () => answered(part.lag),
      pause: (partitions) => member.setPaused(partitions, true),
      resume: (partitions) => member.setPaused(partitions, false),
      close: async () => {
        member.closed = true;
        await part.leave();
      },
    };
  }

  private wakeAll(): void {
    for (const group of this.groups.values()) group.wake();
    for (const tail of this.tails) tail.wake();
  }

  private async reach(): Promise<void> {
    if (!this.isAway()) return;
    await sleep(this.world.clock, GIVE_UP_MS);
    if (this.isAway()) throw unavailable('the broker is away');
  }
}

export function unavailable(message: string): AppError {
  return new AppError({ kind: 'unavailable', code: 'service_unavailable', message });
}
