import type { DurationMs, IdGenerator } from '@millrace/kernel';
import type { EventStamper, OutboxDispatcher } from '@millrace/messaging';
import type {
  OutboxBatch,
  OutboxStore,
  OutgoingRecord,
  ReceivedEvent,
  TransactionScope,
  UnitOfWork,
} from '@millrace/messaging/ports';
import { beyondBorder, type Machine, type MachineWorld } from './machine.js';
import { unavailable } from './simulated-bus.js';

/** Postgres ends a transaction whose client says nothing for so long (architecture.md section 2). */
const IDLE_IN_TRANSACTION_MS: DurationMs = 5_000;

interface Transaction {
  /** Undone: by an error, a kill, a time-out or a restart. */
  aborted: boolean;
  readonly undo: () => void;
  readonly release: () => void;
}

export interface DatabaseClient {
  readonly machine: Machine;
  readonly stamper: EventStamper;
  readonly dispatcher: () => Pick<OutboxDispatcher, 'committed'>;
  /** A mutation: where events go at once, instead of the outbox. */
  readonly publishAtOnce?: ((records: readonly OutgoingRecord[]) => Promise<void>) | undefined;
}

export interface DatabaseSeams {
  /** A mutation of the inbox: what it says is new. */
  readonly claim?: (events: readonly ReceivedEvent[], fresh: readonly ReceivedEvent[]) => readonly ReceivedEvent[];
}

interface Row {
  readonly batch: OutboxBatch;
  readonly insertedMs: number;
}

/**
 * One service's database. It outlives the service's machines. Transactions run one after the other, each all or
 * nothing: a client that is killed, cut off, or silent for too long leaves nothing behind, and a commit may take place
 * although its answer is lost.
 */
export class SimulatedDatabase<Stores extends object> {
  /** Each event that a consumer applied, each time it was. */
  readonly applications: { readonly consumer: string; readonly eventId: string }[] = [];
  private readonly rows = new Map<string, Row>();
  private readonly inbox = new Set<string>();
  private relayer: Machine | undefined;
  private turn: Promise<void> = Promise.resolve();
  private current: Transaction | undefined;
  private awayUntilMs = 0;

  constructor(
    private readonly world: MachineWorld & { readonly ids: IdGenerator },
    readonly service: string,
    private readonly stores: Stores,
    private readonly snapshot: () => () => void,
    private readonly seams: DatabaseSeams = {},
  ) {}

  unpublishedRows(): number {
    return this.rows.size;
  }

  /** Killed and started again: open transactions are undone, nobody gets a connection for so long. */
  restart(awayMs: DurationMs): void {
    this.awayUntilMs = this.world.clock.monotonicMs() + awayMs;
    this.abort(this.current);
  }

  comeBack(): void {
    this.awayUntilMs = 0;
  }

  unitOfWork(client: DatabaseClient): UnitOfWork<Stores & TransactionScope> {
    return { run: (work) => this.run(client, work) };
  }

  /** A store used outside of transactions: each call is one of its own. */
  direct<Store extends object>(machine: Machine, store: Store): Store {
    return beyondBorder(store, async (effect) => {
      await machine.step();
      const transaction = await this.begin(machine);
      try {
        return await effect();
      } finally {
        this.end(transaction);
        await machine.step();
      }
    });
  }

  outbox(machine: Machine): OutboxStore {
    return beyondBorder<OutboxStore>(
      {
        markPublished: async (ids) => ids.forEach((id) => this.rows.delete(id)),
        leftBehind: async ({ olderThanMs, limit }) =>
          [...this.rows.values()]
            .filter(({ insertedMs }) => this.ageOf(insertedMs) >= olderThanMs)
            .slice(0, limit)
            .map(({ batch }) => batch),
        oldestUnpublishedMs: async () => {
          const [oldest] = this.rows.values();
          return oldest === undefined ? undefined : this.ageOf(oldest.insertedMs);
        },
        exclusively: (work) => this.exclusively(machine, work),
      },
      async (effect) => {
        await machine.step();
        this.assertReachable();
        const result = await effect();
        await machine.step();
        return result;
      },
    );
  }

  private ageOf(insertedMs: number): number {
    return this.world.clock.monotonicMs() - insertedMs;
  }

  /** An advisory lock: it goes with the session of the machine that holds it. */
  private async exclusively(machine: Machine, work: () => Promise<void>): Promise<boolean> {
    if (this.relayer !== undefined && !this.relayer.isDead) return false;
    this.relayer = machine;
    try {
      await work();
      return true;
    } finally {
      this.relayer = undefined;
    }
  }

  private async run<Result>(
    client: DatabaseClient,
    work: (scope: Stores & TransactionScope) => Promise<Result>,
  ): Promise<Result> {
    const { machine } = client;
    await machine.step();
    const transaction = await this.begin(machine);
    const records: OutgoingRecord[] = [];
    const claims: { readonly consumer: string; readonly eventId: string }[] = [];
    let result: Result;
    let batches: readonly OutboxBatch[];
    try {
      result = await work({ ...this.scopedStores(machine, transaction), ...this.scope(client, records, claims) });
      batches = await this.commit(machine, transaction, records, claims);
    } catch (error) {
      this.abort(transaction);
      throw error;
    }
    if (batches.length > 0) await client.dispatcher().committed(batches);
    return result;
  }

  /** Waits for the transaction before. */
  private async begin(machine: Machine): Promise<Transaction> {
    this.assertReachable();
    const before = this.turn;
    let release = (): void => {};
    this.turn = new Promise((resolve) => (release = resolve));
    await before;
    const transaction: Transaction = { aborted: false, undo: this.snapshot(), release };
    this.current = transaction;
    const abortSilent = (): void => {
      this.world.clock.after(IDLE_IN_TRANSACTION_MS, () => {
        if (machine.isPaused) this.abort(transaction);
      });
    };
    const unwatch = machine.watch({ killed: () => this.abort(transaction), paused: abortSilent });
    void this.turn.then(unwatch);
    if (machine.isDead) this.abort(transaction);
    if (machine.isPaused) abortSilent();
    await machine.running();
    return transaction;
  }

  private abort(transaction: Transaction | undefined): void {
    if (transaction === undefined || this.current !== transaction) return;
    transaction.aborted = true;
    transaction.undo();
    this.end(transaction);
  }

  private end(transaction: Transaction): void {
    if (this.current === transaction) this.current = undefined;
    transaction.release();
  }

  private scopedStores(machine: Machine, transaction: Transaction): Stores {
    const statement = async <Result>(effect: () => Promise<Result>): Promise<Result> => {
      await machine.step();
      if (transaction.aborted) throw unavailable('the transaction was undone: the connection is gone');
      return effect();
    };
    const wrapped = Object.entries(this.stores).map(([name, store]) => [
      name,
      beyondBorder(store as object, statement),
    ]);
    return Object.fromEntries(wrapped) as Stores;
  }

  private scope(
    { machine, stamper, publishAtOnce }: DatabaseClient,
    records: OutgoingRecord[],
    claims: { readonly consumer: string; readonly eventId: string }[],
  ): TransactionScope {
    return {
      outbox: {
        add: async (events) => {
          const stamped = stamper.stamp(events);
          if (publishAtOnce === undefined) records.push(...stamped);
          else await publishAtOnce(stamped);
        },
      },
      inbox: {
        claim: async (consumer, events) => {
          await machine.step();
          const own = new Set(claims.map(({ eventId }) => eventId));
          const fresh = events.filter(({ id }) => {
            const known = this.inbox.has(`${consumer}/${id}`) || own.has(id);
            own.add(id);
            return !known;
          });
          const claimed = this.seams.claim?.(events, fresh) ?? fresh;
          claims.push(...claimed.map(({ id }) => ({ consumer, eventId: id })));
          return claimed;
        },
      },
    };
  }

  private async commit(
    machine: Machine,
    transaction: Transaction,
    records: readonly OutgoingRecord[],
    claims: readonly { readonly consumer: string; readonly eventId: string }[],
  ): Promise<readonly OutboxBatch[]> {
    await machine.step();
    if (this.world.faults.happens('transaction cut before its commit')) this.abort(transaction);
    if (transaction.aborted) throw unavailable('the connection broke before the commit');
    const batches = records.length === 0 ? [] : [{ id: this.world.ids.next(), records }];
    for (const batch of batches) this.rows.set(batch.id, { batch, insertedMs: this.world.clock.monotonicMs() });
    for (const { consumer, eventId } of claims) this.inbox.add(`${consumer}/${eventId}`);
    this.applications.push(...claims);
    this.end(transaction);
    await machine.step();
    if (this.world.faults.happens('commit answered with an error')) throw unavailable('the answer to COMMIT is lost');
    return batches;
  }

  private assertReachable(): void {
    if (this.world.clock.monotonicMs() < this.awayUntilMs) throw unavailable('the database is away');
  }
}
