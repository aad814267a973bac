import { describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@millrace/kernel';
import type { PendingTask, SchedulingSnapshot, WorkerView } from '../policy/snapshot.js';
import { aPendingTask, aWorkerView } from '../testing/builders.js';
import { silentObserver } from '../testing/silent-observer.js';
import { readingOf, shownOfEach } from './queue-window.js';
import { SchedulingCycle } from './scheduling-cycle.js';

const WINDOW = { initial: 2, factor: 4, max: 32 };
const HUGE = { gpus: 1, vramMiB: 999_999 };

function task(number: number, tenantId: string, overrides: Partial<PendingTask> = {}): PendingTask {
  return aPendingTask(number, { tenantId, ...overrides });
}

/** Runs a cycle over these tasks, of which each tenant shows the first so many; which windows it read, and what it gave. */
async function run(tasks: readonly PendingTask[], slots = 4, maxPlacements = 100, others: readonly WorkerView[] = []) {
  const windows: number[] = [];
  const recorded: number[] = [];
  const read = async (perTenant: number): Promise<SchedulingSnapshot> => {
    windows.push(perTenant);
    const shown = [...Map.groupBy(tasks, ({ tenantId }) => tenantId).values()];
    return {
      pending: shown.flatMap((own) => own.slice(0, shownOfEach(perTenant, shown.length))),
      workers: [aWorkerView(1, { slots, gpus: slots }), ...others],
    };
  };
  const apply: ConstructorParameters<typeof SchedulingCycle>[1]['apply'] = async ({ decisions }) =>
    decisions.filter((decision) => decision.kind === 'place');
  const recorder = {
    decided: (cycle: { snapshot: SchedulingSnapshot }) => void recorded.push(cycle.snapshot.pending.length),
  };
  const cycle = new SchedulingCycle({ read }, { apply }, new VirtualClock(), silentObserver, WINDOW, {
    ...{ recorder, configVersion: 'v' },
  });
  return { ...(await cycle.runOnce({ maxPlacements })), windows, recorded };
}

const many = (count: number, tenantId: string, overrides: Partial<PendingTask> = {}, from = 1) =>
  Array.from({ length: count }, (_, n) => task(from + n, tenantId, overrides));

describe('the window of a cycle (ADR 14)', () => {
  it('is the first one while it shows enough for the slots', async () => {
    expect(await run(many(50, 'a'), 2)).toMatchObject({ windows: [2], placed: 2 });
    expect(await run(many(1, 'a'))).toMatchObject({ windows: [2], placed: 1 });
  });

  it('widens where a tenant shows only what was placed, or tasks that fit nowhere', async () => {
    expect(await run(many(50, 'a'))).toMatchObject({ windows: [2, 8], placed: 4 });
    const hidden = [...many(20, 'a', { needs: HUGE }), task(99, 'a')];
    expect(await run(hidden)).toMatchObject({ windows: [2, 8, 32], placed: 1 });
  });

  it('widens where what it showed waits for a worker that is full, and another one is free', async () => {
    const large = { gpus: 1, vramMiB: 100_000 };
    const full = aWorkerView(2, { vramMiB: 100_000, slots: 1, usedSlots: 1 });
    const hidden = [...many(20, 'a', { needs: large }), task(99, 'a')];
    expect(await run(hidden, 4, 100, [full])).toMatchObject({ windows: [2, 8, 32], placed: 1 });
  });

  it("looks at each tenant's window by itself: a few of each that fit nowhere hide nothing", async () => {
    const unfit = ['a', 'b', 'c'].map((tenantId, at) => task(at + 1, tenantId, { needs: HUGE }));
    expect(await run(unfit)).toMatchObject({ windows: [2], placed: 0 });
  });

  it('ends at its largest, and for a type that nobody serves it does not begin', async () => {
    expect(await run(many(99, 'a', { needs: HUGE }))).toMatchObject({ windows: [2, 8, 32], placed: 0, waiting: 32 });
    expect(await run(many(99, 'a', { taskType: 'other' }))).toMatchObject({ windows: [2], placed: 0 });
  });

  it('shares its rows between tenants, and knows that it did', async () => {
    expect(readingOf(64)).toEqual({ perTenant: 64, groupsMax: 4_096, rowsMax: 2_048 });
    expect(readingOf(4_096).rowsMax).toBe(32_768);
    expect([shownOfEach(64, 1), shownOfEach(64, 64), shownOfEach(64, 9_999)]).toEqual([64, 32, 1]);
    // 100 tenants show one each of two: all of it fits nowhere, and what would fit lies behind.
    const crowd = Array.from({ length: 100 }, (_, n) => task(n + 1, `t${n}`, { needs: HUGE }));
    const behind = task(999, 't0');
    expect(await run([...crowd, behind])).toMatchObject({ windows: [2, 8, 32], placed: 1 });
  });

  it('records the window that was decided on, and no cycle without tasks', async () => {
    expect((await run(many(50, 'a'))).recorded).toEqual([8]);
    expect((await run([])).recorded).toEqual([]);
  });

  it('starts where the last one ended while many are placed at once, and goes back when few are', async () => {
    const windows: number[] = [];
    let waiting = many(200, 'a');
    const read = async (perTenant: number): Promise<SchedulingSnapshot> => {
      windows.push(perTenant);
      return { pending: waiting.slice(0, perTenant), workers: [aWorkerView(1, { slots: 99, gpus: 99 })] };
    };
    const apply: ConstructorParameters<typeof SchedulingCycle>[1]['apply'] = async ({ decisions }) =>
      decisions.filter((decision) => decision.kind === 'place');
    const cycle = new SchedulingCycle({ read }, { apply }, new VirtualClock(), silentObserver, WINDOW);
    await cycle.runOnce({ maxPlacements: 6 });
    await cycle.runOnce({ maxPlacements: 6 });
    waiting = many(1, 'a');
    await cycle.runOnce({ maxPlacements: 6 });
    await cycle.runOnce({ maxPlacements: 6 });
    expect(windows).toEqual([2, 8, 9, 9, 2]);
  });

  it('runs again at once when it ended at its limit', async () => {
    expect(await run(many(8, 'a'), 4, 3)).toMatchObject({ placed: 3, again: true });
    expect(await run(many(8, 'a'), 4)).toMatchObject({ placed: 4, again: false });
  });
});
