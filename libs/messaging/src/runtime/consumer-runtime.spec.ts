import { describe, expect, it } from '@jest/globals';
import { consumerBench } from '../testing/consumer-bench.js';

describe('consumer runtime (guarantees.md section 1)', () => {
  it('hands over everything that is ready across keys as one batch, and commits it', async () => {
    const bench = await consumerBench({ topics: ['task.lifecycle'] });
    await bench.publishLifecycle([
      ['a', 1],
      ['b', 1],
      ['a', 2],
    ]);
    await bench.settle();
    expect(bench.applied()).toEqual(expect.arrayContaining(['a1', 'b1', 'a2']));
    expect(bench.calls).toHaveLength(1);
    await bench.clock.advance(1_000);
    expect(bench.uncommitted()).toBe(0);
  });
});
