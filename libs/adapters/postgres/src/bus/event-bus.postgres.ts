import type pg from 'pg';
import { messageOf, silentLogger, systemIds, type Clock, type IdGenerator, type Logger } from '@millrace/kernel';
import type {
  BusSubscription,
  EventBus,
  OutgoingRecord,
  RecordSink,
  SubscribeOptions,
  TopicSettings,
} from '@millrace/messaging/ports';
import { createPool } from '../pool/create-pool.js';
import { AppendQueue } from './append-queue.js';
import { busClosed } from './bus-faults.js';
import { BUS_LIMITS, type BusLimits } from './bus-limits.js';
import { EventLog, type EncodedRecord } from './event-log.postgres.js';
import { GroupMember } from './group-member.js';
import { GroupStore } from './group-store.postgres.js';
import { LogPoller } from './log-poller.js';
import { ProcessLink } from './process-link.js';
import { openTail } from './tail-reader.js';
import { TopicCatalogue } from './topic-catalogue.js';

export interface PostgresEventBusOptions {
  readonly url: string;
  /** The role to take on; undefined: the rights of the URL's user. Production: `millrace_bus`. */
  readonly role?: string;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly ids?: IdGenerator;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  readonly limits?: Partial<BusLimits>;
}

/** Connections for reads and groups; one more appends, and one listens. */
const READ_CONNECTIONS = 3;

/**
 * The event log in Postgres (schema `bus`, made by `migrateBus`) as an event bus with the semantics of Kafka topics.
 * One object per process: all its subscriptions share one reader and one connection that listens.
 */
export function createPostgresEventBus(options: PostgresEventBusOptions): EventBus {
  return new PostgresEventBus(options);
}

class PostgresEventBus implements EventBus {
  private readonly limits: BusLimits;
  private readonly logger: Logger;
  private readonly ids: IdGenerator;
  private readonly pools: readonly pg.Pool[];
  private readonly log: EventLog;
  private readonly appendLog: EventLog;
  private readonly groups: GroupStore;
  private readonly catalogue: TopicCatalogue;
  private readonly appends: AppendQueue;
  private readonly poller: LogPoller;
  private readonly link: ProcessLink;
  private readonly members = new Set<GroupMember>();
  private readonly cancelTimers = new Map<string, () => void>();
  private linked: Promise<void> | undefined;
  private closed = false;

  constructor(private readonly options: PostgresEventBusOptions) {
    this.limits = { ...BUS_LIMITS, ...options.limits };
    this.logger = options.logger ?? silentLogger;
    this.ids = options.ids ?? systemIds;
    const { url, role } = options;
    const name = options.applicationName ?? 'millrace-bus';
    const connection = { url, role, applicationName: name, logger: this.logger };
    // Appends are durable; a lost heartbeat or offset only means that records come again.
    const reads = createPool({ ...connection, max: READ_CONNECTIONS, synchronousCommit: false });
    const writes = createPool({ ...connection, max: 1 });
    this.pools = [reads, writes];
    this.log = new EventLog(reads);
    this.appendLog = new EventLog(writes);
    this.groups = new GroupStore(reads);
    this.catalogue = new TopicCatalogue(this.log);
    this.appends = new AppendQueue((records) => this.append(records), this.limits);
    this.poller = new LogPoller(this.log, options.clock, this.logger, this.limits);
    this.link = new ProcessLink({
      pool: { ...connection, synchronousCommit: false },
      instance: this.ids.next(),
      clock: options.clock,
      logger: this.logger,
      wakeOthersMs: this.limits.wakeOthersMs,
      events: {
        appended: (ids) => this.poller.wake(ids),
        groupChanged: (group) => this.syncGroup(group),
        connected: () => this.reconnected(),
      },
    });
  }

  async ensureTopics(topics: readonly TopicSettings[]): Promise<void> {
    this.assertOpen();
    await this.log.ensureTopics(topics);
    await this.catalogue.refresh();
    for (const { topic, partitions } of topics) {
      const present = this.catalogue.partitionsOf(topic).length;
      if (present !== partitions) {
        this.logger.warn('a topic keeps the number of partitions it was made with', { topic, present, partitions });
      }
    }
  }

  async publish(records: readonly OutgoingRecord[]): Promise<void> {
    this.assertOpen();
    await this.catalogue.require(new Set(records.map(({ topic }) => topic)));
    await this.openLink();
    await this.appends.add(records.map((record) => this.encode(record)));
  }

  async subscribe(options: SubscribeOptions, sink: RecordSink): Promise<BusSubscription> {
    this.assertOpen();
    await this.catalogue.require(options.topics);
    await this.openLink();
    if (options.from === 'committed') return this.joinGroup(options, sink);
    const { log, poller, catalogue } = this;
    return openTail({ topics: options.topics, sink, log, poller, catalogue });
  }

  async ping(): Promise<void> {
    this.assertOpen();
    await this.log.ping();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const cancel of this.cancelTimers.values()) cancel();
    await this.appends.idle();
    await Promise.all([...this.members].map((member) => this.leave(member)));
    this.poller.close();
    await this.link.close();
    await Promise.all(this.pools.map((pool) => pool.end()));
  }

  private async joinGroup(options: SubscribeOptions, sink: RecordSink): Promise<BusSubscription> {
    const member = new GroupMember({
      id: this.ids.next(),
      group: options.group,
      topics: options.topics,
      sink,
      store: this.groups,
      poller: this.poller,
      catalogue: this.catalogue,
      clock: this.options.clock,
      logger: this.logger,
      limits: this.limits,
      sessionPid: () => this.link.backendPid(),
      announce: () => this.announceGroup(options.group),
    });
    await member.join();
    this.members.add(member);
    // After the caller has the subscription: its sink may want to use it.
    setImmediate(() => void member.sync());
    return {
      ready: member.ready,
      commit: (positions) => member.commit(positions),
      pause: (partitions) => member.setPaused(partitions, true),
      resume: (partitions) => member.setPaused(partitions, false),
      lag: () => member.lag(),
      close: () => this.leave(member),
    };
  }

  private async leave(member: GroupMember): Promise<void> {
    this.members.delete(member);
    await member.close();
  }

  private encode({ topic, key, headers, value }: OutgoingRecord): EncodedRecord {
    return {
      partitionId: this.catalogue.partitionFor(topic, key),
      key: Buffer.from(key),
      headers: Buffer.from(JSON.stringify(headers)),
      value,
    };
  }

  private async append(records: readonly EncodedRecord[]): Promise<void> {
    await this.appendLog.append(records);
    const ids = [...new Set(records.map(({ partitionId }) => partitionId))];
    this.poller.wake(ids);
    this.link.announceAppend(ids);
  }

  /** The first use opens the connection that listens, and starts heartbeats and sweeps. */
  private openLink(): Promise<void> {
    this.linked ??= this.link.open().then(() => {
      this.every('heartbeat', this.limits.heartbeatMs, () => this.heartbeat());
      this.every('sweep', this.limits.sweepMs, () => this.sweep());
    });
    return this.linked;
  }

  private reconnected(): void {
    this.poller.wake(undefined);
    void this.guarded('heartbeat', () => this.heartbeat());
  }

  private announceGroup(group: string): void {
    this.link.announceGroup(group);
    this.syncGroup(group);
  }

  private syncGroup(group: string): void {
    for (const member of this.members) if (member.group === group) void member.sync();
  }

  /** Says that our members live, and does what their groups need. */
  private async heartbeat(): Promise<void> {
    const client = this.link.client();
    const members = [...this.members];
    if (client === undefined || members.length === 0) return;
    const ids = members.map(({ id }) => id);
    const alive = await this.groups.heartbeat(client, ids, this.limits.sessionMs).catch((error: unknown) => {
      this.link.drop(client);
      throw error;
    });
    for (const member of members) {
      if (!alive.has(member.id) && this.members.has(member)) void this.guarded('rejoin', () => member.rejoin());
    }
    const names = [...new Set(members.map(({ group }) => group))];
    for (const { name, has_dead } of await this.groups.troubled(client, names)) {
      if (has_dead) await this.groups.rebalance(name);
      if (has_dead) this.announceGroup(name);
      else this.syncGroup(name);
    }
  }

  private async sweep(): Promise<void> {
    const { sweepRecordsPerPartition, sweepRounds } = this.limits;
    for (let round = 0; round < sweepRounds && !this.closed; round++) {
      if ((await this.log.sweep(sweepRecordsPerPartition)) < sweepRecordsPerPartition) return;
    }
  }

  /** Again and again, each time after the one before has ended. */
  private every(name: string, intervalMs: number, work: () => Promise<void>): void {
    if (this.closed) return;
    const next = (): void =>
      void this.guarded(name, work).then(() => {
        if (!this.closed) this.every(name, intervalMs, work);
      });
    this.cancelTimers.set(name, this.options.clock.after(intervalMs, next));
  }

  private async guarded(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.closed)
        this.logger.warn('the event log: work failed and comes again', { what, error: messageOf(error) });
    }
  }

  private assertOpen(): void {
    if (this.closed) throw busClosed();
  }
}
