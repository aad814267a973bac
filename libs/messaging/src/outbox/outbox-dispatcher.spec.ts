import { describe, expect, it } from '@jest/globals';
import { AppError, VirtualClock, silentLogger } from '@millrace/kernel';
import type { OutboxBatch, OutgoingRecord } from '../ports/index.js';
import { createInMemoryOutboxStore } from '../testing/in-memory-outbox-store.js';
import { OutboxDispatcher, type OutboxLimits } from './outbox-dispatcher.js';

class Bench {
  readonly clock = new VirtualClock();
  readonly store = createInMemoryOutboxStore(this.clock);
  /** The keys of each publish. */
  readonly published: string[][] = [];
  /** What a publish waits for. */
  gate: Promise<void> = Promise.resolve();
  fault: ((keys: readonly string[]) => Error | undefined) | undefined;
  readonly dispatcher: OutboxDispatcher;

  constructor(limits: Partial<OutboxLimits> = {}) {
    const bus = { publish: (records: readonly OutgoingRecord[]) => this.publish(records) };
    this.dispatcher = new OutboxDispatcher({ bus, clock: this.clock, logger: silentLogger, store: this.store, limits });
  }

  /** Commits rows of one record each, as the unit of work does. Returns whether `committed` has come back. */
  commit(...ids: string[]): { returned: boolean } {
    const batches = ids.map(rowOf);
    for (const batch of batches) this.store.insert(batch);
    const state = { returned: false };
    void this.dispatcher.committed(batches).then(() => (state.returned = true));
    return state;
  }

  private async publish(records: readonly OutgoingRecord[]): Promise<void> {
    const keys = records.map(({ key }) => key);
    await this.gate;
    const error = this.fault?.(keys);
    if (error !== undefined) throw error;
    this.published.push(keys);
  }
}

function rowOf(id: string): OutboxBatch {
  return { id, records: [{ topic: 'task.lifecycle', key: id, headers: {}, value: new Uint8Array([1]) }] };
}

const AWAY = new AppError({ kind: 'unavailable', code: 'service_unavailable', message: 'broker away' });

describe('outbox dispatcher (guarantees.md section 1, "Outbox")', () => {
  it('publishes directly after the commit and marks the rows', async () => {
    const bench = new Bench();
    const commit = bench.commit('a', 'b');
    await bench.clock.advance(0);
    expect(commit.returned).toBe(true);
    expect(bench.published).toEqual([['a', 'b']]);
    expect(bench.store.unpublished()).toEqual([]);
  });

  it('gathers what is committed while a publish runs, in order', async () => {
    const bench = new Bench();
    let open = (): void => {};
    bench.gate = new Promise((resolve) => (open = resolve));
    for (const id of ['a', 'b', 'c']) bench.commit(id);
    await bench.clock.advance(0);
    open();
    await bench.clock.advance(0);
    expect(bench.published).toEqual([['a'], ['b', 'c']]);
  });

  it('holds its caller for 20 ms at most', async () => {
    const bench = new Bench();
    bench.gate = new Promise(() => {});
    const commit = bench.commit('a');
    await bench.clock.advance(19);
    expect(commit.returned).toBe(false);
    await bench.clock.advance(1);
    expect(commit.returned).toBe(true);
  });

  it('never rejects; the relay publishes what failed once it is 2 s old', async () => {
    const bench = new Bench();
    bench.fault = () => AWAY;
    const commit = bench.commit('a');
    bench.dispatcher.start();
    await bench.clock.advance(1_900);
    expect(commit.returned).toBe(true);
    bench.fault = undefined;
    await bench.clock.advance(50);
    expect(bench.published).toEqual([]);
    await bench.clock.advance(1_100);
    expect(bench.published).toEqual([['a']]);
    expect(bench.store.unpublished()).toEqual([]);
    await bench.dispatcher.stop();
  });

  it('relays what an earlier life left behind as soon as it starts, oldest first', async () => {
    const bench = new Bench({ relayRowsMax: 2 });
    for (const [id, ageMs] of [
      ['young', 100],
      ['b', 9_000],
      ['c', 8_000],
      ['a', 10_000],
    ] as const) {
      bench.store.insert(rowOf(id), ageMs);
    }
    bench.dispatcher.start();
    await bench.clock.advance(0);
    expect(bench.published).toEqual([['a', 'b'], ['c']]);
    expect(bench.store.unpublished().map(({ id }) => id)).toEqual(['young']);
    await bench.dispatcher.stop();
  });

  it('leaves to the direct publish what it has in hand', async () => {
    const bench = new Bench();
    let open = (): void => {};
    bench.gate = new Promise((resolve) => (open = resolve));
    bench.commit('a');
    bench.dispatcher.start();
    await bench.clock.advance(10_000);
    open();
    await bench.clock.advance(5_000);
    expect(bench.published).toEqual([['a']]);
    await bench.dispatcher.stop();
  });

  it('relays nothing while another process does', async () => {
    const bench = new Bench();
    bench.store.insert(rowOf('a'), 10_000);
    let done = (): void => {};
    const other = bench.store.exclusively(() => new Promise((resolve) => (done = resolve)));
    bench.dispatcher.start();
    await bench.clock.advance(10_000);
    expect(bench.published).toEqual([]);
    done();
    await other;
    await bench.clock.advance(1_000);
    expect(bench.published).toEqual([['a']]);
    await bench.dispatcher.stop();
  });

  it('publishes the other rows when one of them can not be published', async () => {
    const bench = new Bench();
    bench.fault = (keys) => (keys.includes('huge') ? new Error('record too large') : undefined);
    for (const id of ['a', 'huge', 'b']) bench.store.insert(rowOf(id), 10_000);
    bench.dispatcher.start();
    await bench.clock.advance(0);
    expect(bench.published.flat().toSorted()).toEqual(['a', 'b']);
    expect(bench.store.unpublished().map(({ id }) => id)).toEqual(['huge']);
    await bench.dispatcher.stop();
  });

  it('P21: tells the age of what is unpublished, growing while the bus is away', async () => {
    const bench = new Bench();
    bench.fault = () => AWAY;
    bench.dispatcher.start();
    await bench.clock.advance(1_000);
    expect(bench.dispatcher.oldestUnpublishedMs()).toBe(0);
    bench.commit('a');
    await bench.clock.advance(40_000);
    expect(bench.dispatcher.oldestUnpublishedMs()).toBe(40_000);
    bench.store.intercept(() => {
      throw new Error('database away');
    });
    await bench.clock.advance(5_500);
    expect(bench.dispatcher.oldestUnpublishedMs()).toBe(45_500);
    bench.store.intercept(undefined);
    bench.fault = undefined;
    await bench.clock.advance(2_500);
    expect(bench.dispatcher.oldestUnpublishedMs()).toBe(0);
    await bench.dispatcher.stop();
  });

  it('leaves to the relay what does not fit into memory', async () => {
    const bench = new Bench({ waitingRecordsMax: 2 });
    bench.gate = new Promise(() => {});
    bench.commit('a', 'b');
    const commit = bench.commit('c');
    await bench.clock.advance(0);
    expect(commit.returned).toBe(true);
  });

  it('stops after what it is publishing is out', async () => {
    const bench = new Bench();
    let open = (): void => {};
    bench.gate = new Promise((resolve) => (open = resolve));
    bench.commit('a');
    bench.commit('b');
    bench.dispatcher.start();
    let stopped = false;
    const stopping = bench.dispatcher.stop().then(() => (stopped = true));
    await bench.clock.advance(100);
    expect(stopped).toBe(false);
    open();
    await bench.clock.advance(0);
    await stopping;
    expect(bench.published).toEqual([['a'], ['b']]);
  });
});
