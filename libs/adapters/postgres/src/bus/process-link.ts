import pg from 'pg';
import { messageOf, type Clock, type Logger } from '@millrace/kernel';
import { connectionOptions, type PoolOptions } from '../pool/create-pool.js';

const CHANNEL = 'millrace_bus';
const RECONNECT_MS = 500;
/** A notification holds 8,000 bytes at most; with more partitions than this, all count as changed. */
const NAMED_PARTITIONS_MAX = 200;

export interface LinkEvents {
  /** Another process appended to these partitions; undefined: to any. */
  appended(partitionIds: readonly number[] | undefined): void;
  /** The members of a group changed. */
  groupChanged(group: string): void;
  /** The connection is there (again): anything may have happened meanwhile. */
  connected(): void;
}

/**
 * The connection that stands for this process: it listens for the others' wake-ups, sends ours, and the life of its
 * backend shows the others that we live. Notifications are sent alone, never in an append's transaction: they take a
 * lock of the whole database at commit.
 */
export class ProcessLink {
  private current: pg.Client | undefined;
  private closed = false;
  private pendingIds: Set<number> | undefined;
  private cancelTimers = new Set<() => void>();

  constructor(
    private readonly options: {
      readonly pool: PoolOptions;
      /** Tells our own notifications from others'. */
      readonly instance: string;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly wakeOthersMs: number;
      readonly events: LinkEvents;
    },
  ) {}

  /** The connection for heartbeats, while there is one. */
  client(): pg.Client | undefined {
    return this.current;
  }

  /** Backend of the connection, while there is one. `processID` is public in pg and missing in its types. */
  backendPid(): number | undefined {
    return (this.current as (pg.Client & { processID?: number }) | undefined)?.processID;
  }

  /** Connects; goes on trying when that fails or the connection breaks. Never rejects. */
  async open(): Promise<void> {
    if (this.closed) return;
    const client = new pg.Client(connectionOptions(this.options.pool));
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ payload }) => this.notified(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      this.options.logger.warn('no connection to the event log; trying again', { error: messageOf(error) });
      client.end().catch(() => {});
      return this.later(RECONNECT_MS, () => void this.open());
    }
    if (this.closed) return client.end();
    this.current = client;
    this.options.events.connected();
  }

  /** Gives up a connection that doesn't answer; another one is made. */
  drop(client: pg.Client): void {
    this.lost(client);
    client.end().catch(() => {});
  }

  /** Tells other processes soon that these partitions have something new: at once, then at most every so often. */
  announceAppend(partitionIds: Iterable<number>): void {
    const quiet = this.pendingIds === undefined;
    this.pendingIds ??= new Set();
    for (const id of partitionIds) this.pendingIds.add(id);
    if (quiet) this.flushAppends();
  }

  announceGroup(group: string): void {
    this.send(`g ${this.options.instance} ${group}`);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const cancel of this.cancelTimers) cancel();
    await this.current?.end().catch(() => {});
  }

  private flushAppends(): void {
    const ids = this.pendingIds;
    if (ids === undefined) return;
    // Nothing came since the last one: the next append is announced at once again.
    if (ids.size === 0) return void (this.pendingIds = undefined);
    this.pendingIds = new Set();
    this.send(`r ${this.options.instance} ${ids.size > NAMED_PARTITIONS_MAX ? '*' : [...ids].join(',')}`);
    this.later(this.options.wakeOthersMs, () => this.flushAppends());
  }

  /** Lost wake-ups do no harm: everyone also polls. */
  private send(payload: string): void {
    const values = [CHANNEL, payload];
    this.current?.query({ name: 'bus-notify', text: 'SELECT pg_notify($1, $2)', values }).catch(() => {});
  }

  private notified(payload: string): void {
    const [kind, instance, rest = ''] = payload.split(/ (.*?) (.*)/s);
    if (instance === this.options.instance) return;
    if (kind === 'g') this.options.events.groupChanged(rest);
    else this.options.events.appended(rest === '*' ? undefined : rest.split(',').map(Number));
  }

  private lost(client: pg.Client): void {
    if (this.current !== client) return;
    this.current = undefined;
    if (this.closed) return;
    this.options.logger.warn('the connection to the event log broke; connecting again', {});
    this.later(RECONNECT_MS, () => void this.open());
  }

  private later(delayMs: number, fn: () => void): void {
    const cancel = this.options.clock.after(delayMs, () => {
      this.cancelTimers.delete(cancel);
      if (!this.closed) fn();
    });
    this.cancelTimers.add(cancel);
  }
}
