import { describe, expect, it } from '@jest/globals';
import { sleep, type DurationMs } from '@millrace/kernel';
import { ACK, type HandlerResult } from '../ports/index.js';
import { consumerBench, type ConsumerBench } from '../testing/consumer-bench.js';

/** P6. */
const P99_MAX_MS: DurationMs = 1_000;
const KEYS = 40;
const LOAD_MS: DurationMs = 60_000;
const EVERY_MS: DurationMs = 20;
/** A call of the handler takes so long, as a transaction does. */
const CALL_MS: DurationMs = 5;
const POISON = 'poison';
const POISON_EVERY = 25;

const RETRY: HandlerResult = { kind: 'retry', reason: 'not yet' };
const DEAD: HandlerResult = { kind: 'dead', reason: 'never' };

/** A consumer of one partition, so that every key shares it with the poison. */
async function delaysBesidePoison(poisoned: (names: readonly string[]) => HandlerResult): Promise<number[]> {
  const sentMs = new Map<string, number>();
  const delays: number[] = [];
  const bench: ConsumerBench = await consumerBench({
    partitions: 1,
    handle: async (names) => {
      await sleep(bench.clock, CALL_MS);
      const results = names.map((name) => (name.startsWith(POISON) ? poisoned(names) : ACK));
      for (const name of names.filter((each) => !each.startsWith(POISON)))
        delays.push(bench.clock.monotonicMs() - (sentMs.get(name) ?? Number.NaN));
      return results;
    },
  });
  for (let n = 0; n < LOAD_MS / EVERY_MS; n++) {
    const [key, sequence] = [`k${n % KEYS}/`, 1 + Math.floor(n / KEYS)];
    sentMs.set(`${key}${sequence}`, bench.clock.monotonicMs());
    const poison = n % POISON_EVERY === 0 ? [[POISON, 1 + n / POISON_EVERY] as const] : [];
    // In one publish, so that they come in one batch.
    await bench.publishLifecycle([...poison, [key, sequence]]);
    await bench.clock.advance(EVERY_MS);
  }
  await bench.clock.advance(LOAD_MS);
  return delays.sort((a, b) => a - b);
}

describe('P6: other keys of a partition, while one key is poison', () => {
  it.each<[string, (names: readonly string[]) => HandlerResult]>([
    ['asks for a retry each time', () => RETRY],
    ['is rejected', () => DEAD],
    [
      'makes its whole batch fail',
      () => {
        throw new Error('poison');
      },
    ],
  ])('wait under a second at the 99th percentile: it %s', async (_what, poisoned) => {
    const delays = await delaysBesidePoison(poisoned);
    expect(delays).toHaveLength(LOAD_MS / EVERY_MS);
    expect(delays[Math.floor(delays.length * 0.99)]).toBeLessThan(P99_MAX_MS);
  });
});
