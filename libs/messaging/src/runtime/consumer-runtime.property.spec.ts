import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seededRng, type Rng } from '@millrace/kernel';
import { ACK, type HandlerResult, type ReceivedEvent } from '../ports/index.js';
import { GROUP, consumerBench, type ConsumerBench } from '../testing/consumer-bench.js';

const TOPIC = 'task.lifecycle';
const TASKS = ['a', 'b', 'c', 'd', 'e', 'f'];
const POISON = 'poison';

interface Scenario {
  readonly seed: number;
  /** Events of each task. */
  readonly length: number;
  /** Chance that a call fails in some way. */
  readonly faults: number;
  /** How far the bus may bring an event out of order, in places. */
  readonly disorder: number;
  readonly poisoned: boolean;
  /** After how many publishes every member is killed. */
  readonly crashes: readonly number[];
  /** After how many minutes every member is killed, while records wait for their delayed retries. */
  readonly lateCrashes: readonly number[];
}

const scenarios = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  length: fc.integer({ min: 1, max: 6 }),
  faults: fc.double({ min: 0, max: 0.4, noNaN: true }),
  disorder: fc.integer({ min: 0, max: 4 }),
  poisoned: fc.boolean(),
  crashes: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 3 }),
  lateCrashes: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 3 }),
});

/** A consumer that applies sequences as the engines do, and fails at random. */
class FaultyEngine {
  /** Applied sequences of each task, in order: the effects, which a crash keeps. */
  readonly effects = new Map<string, number[]>();
  /** Acknowledged calls of each event. */
  readonly acks = new Map<string, number>();
  private readonly last = new Map<string, number>();
  private readonly failuresOf = new Map<string, number>();

  constructor(
    private readonly rng: Rng,
    private readonly faults: number,
  ) {}

  async handle(batch: readonly ReceivedEvent[], names: readonly string[]): Promise<readonly HandlerResult[]> {
    if (names.some((name) => name.startsWith(POISON))) throw new Error('poison');
    const fault = this.rng.next();
    if (fault < this.faults / 4 && this.mayFail(names)) return new Promise(() => {});
    if (fault < this.faults / 2 && this.mayFail(names)) throw new Error('random failure');
    return batch.map((event, index) => this.apply(event, names[index] ?? ''));
  }

  private apply(event: ReceivedEvent, name: string): HandlerResult {
    const { key, sequence = 0 } = event;
    const fault = this.rng.next();
    if (fault < this.faults / 4) return { kind: 'unavailable', reason: 'random' };
    if (fault < this.faults && this.mayFail([name])) return { kind: 'retry', reason: 'random' };
    const last = this.last.get(key) ?? 0;
    if (sequence > last + 1) return { kind: 'hold', reason: `${last + 1} is missing` };
    if (sequence === last + 1) {
      this.last.set(key, sequence);
      this.effects.set(key, [...(this.effects.get(key) ?? []), sequence]);
    }
    this.acks.set(event.id, (this.acks.get(event.id) ?? 0) + 1);
    return ACK;
  }

  /** At most five counted failures of an event: those in process, and delayed ones; so its retries suffice. */
  private mayFail(names: readonly string[]): boolean {
    if (names.some((name) => (this.failuresOf.get(name) ?? 0) >= 5)) return false;
    for (const name of names) this.failuresOf.set(name, (this.failuresOf.get(name) ?? 0) + 1);
    return true;
  }
}

/** Every task's events in sequence, tasks interleaved, then each moved by at most `disorder` places. */
function orderOf({ length, disorder, poisoned }: Scenario, rng: Rng): (readonly [string, number])[] {
  const events = Array.from({ length }, (_, i) => TASKS.map((task) => [task, i + 1] as const)).flat();
  if (poisoned) events.splice(Math.floor(rng.next() * events.length), 0, [POISON, 1]);
  return events
    .map((event, index) => ({ event, place: index + rng.next() * disorder * TASKS.length }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ event }) => event);
}

/** Every record below a committed offset is applied, set aside durably, or in the dead-letter topic. */
function expectNothingCommittedUndone(bench: ConsumerBench, engine: FaultyEngine): void {
  const aside = new Set(bench.parked.entries(GROUP).map(({ record }) => `${record.partition}/${record.offset}`));
  const dead = new Set(bench.bus.records(`${TOPIC}.dlq`).map(({ headers }) => headers['ce_id']));
  for (const { partition, offset, headers } of bench.bus.records(TOPIC)) {
    if (offset >= bench.bus.committedOffset(GROUP, TOPIC, partition)) continue;
    const id = headers['ce_id'] ?? '';
    const done = engine.acks.has(id) || aside.has(`${partition}/${offset}`) || dead.has(id);
    if (!done) throw new Error(`offset ${offset} of partition ${partition} was committed before it was done`);
  }
}

async function runScenario(scenario: Scenario): Promise<{ bench: ConsumerBench; engine: FaultyEngine }> {
  const rng = seededRng(scenario.seed);
  const engine = new FaultyEngine(rng, scenario.faults);
  const bench = await consumerBench({
    partitions: 3,
    limits: { batchEventsMax: 4 },
    handle: (names, _signal, batch) => engine.handle(batch, names),
  });
  let published = 0;
  for (const event of orderOf(scenario, rng)) {
    await bench.publishLifecycle([event]);
    await bench.clock.advance(Math.floor(rng.next() * 300));
    expectNothingCommittedUndone(bench, engine);
    if (scenario.crashes.includes(published++)) {
      bench.bus.crashGroup(GROUP);
      await bench.start();
    }
  }
  for (let step = 0; step < 100; step++) {
    await bench.clock.advance(60_000);
    if (scenario.lateCrashes.includes(step)) {
      bench.bus.crashGroup(GROUP);
      await bench.start();
    }
    expectNothingCommittedUndone(bench, engine);
  }
  return { bench, engine };
}

describe('consumer runtime, properties (guarantees.md section 1)', () => {
  it('P3, P4, P6: each key is applied completely and in sequence under random failures, disorder and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { bench, engine } = await runScenario(scenario);
        const wanted = Array.from({ length: scenario.length }, (_, i) => i + 1);
        expect([...engine.effects.values()]).toEqual(TASKS.map(() => wanted));
        expect(bench.uncommitted()).toBe(0);
        const deadIds = new Set(bench.bus.records(`${TOPIC}.dlq`).map(({ headers }) => headers['ce_id']));
        expect(deadIds.size).toBe(scenario.poisoned ? 1 : 0);
        expect(bench.parked.entries(GROUP).map(({ kind }) => kind)).toEqual(scenario.poisoned ? ['dead'] : []);
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  it('P3: without a crash every event is acknowledged exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { engine } = await runScenario({ ...scenario, crashes: [], lateCrashes: [] });
        expect(engine.acks.size).toBe(TASKS.length * scenario.length);
        expect(new Set(engine.acks.values())).toEqual(new Set([1]));
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});
