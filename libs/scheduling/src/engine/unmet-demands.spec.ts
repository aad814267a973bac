import { describe, expect, it } from '@jest/globals';
import { idOf } from '../testing/builders.js';
import { startedScheduler } from '../testing/scheduler-fixture.js';
import { DEFAULT_SCHEDULING_POLICY } from './scheduling-policy.js';

const GIB = 1_024;

/** The task types warned of, after workers with so much memory have registered one after the other. */
async function warnedAfter(...ramMiB: readonly (number | undefined)[]) {
  const demands = new Map([
    ['ti2v-5B', { ramMiB: 32 * GIB }],
    ['of-nobody', { ramMiB: 2 ** 20 }],
  ]);
  const s = await startedScheduler({ settings: { policy: { ...DEFAULT_SCHEDULING_POLICY, demands } } });
  for (const [at, size] of ramMiB.entries()) {
    const told = size === undefined ? {} : { ramMiB: size };
    await s.register({ workerId: `worker-${at}`, incarnation: idOf(0xa0 + at), instanceId: `i-${at}`, ...told });
  }
  return s.unmet;
}

describe('demands that no worker meets', () => {
  it('TYP-23: are told once, when a worker registers that runs the type', async () => {
    expect(await warnedAfter(30 * GIB, 16 * GIB)).toEqual([['ti2v-5B']]);
  });

  it.each([
    ['a worker has as much', [32 * GIB, 16 * GIB]],
    ['a worker tells nothing', [undefined, 16 * GIB]],
    ['nobody runs the type', []],
  ])('are none where %s', async (_, sizes) => {
    expect(await warnedAfter(...sizes)).toEqual([]);
  });
});
