import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aPendingTask, aWorkerView } from '../testing/builders.js';
import { decideCycle } from './decide.js';
import type { Decision, Placement } from './decision.js';
import { workerRefusal } from './filters/hard-filters.js';
import { baysOf, SHARERS_LIMIT } from './placement/gpu-bays.js';
import { hasRoom } from './preemption/choose-victims.js';
import { DEFAULT_PREEMPTION } from './preemption/preemption-policy.js';
import { chargeOf } from './quotas/quota-book.js';
import type { GpuView, PendingTask, RunningTask, SchedulingSnapshot, WorkerView } from './snapshot.js';

const NOW = 100_000_000;
const HOUR_MS = 3_600_000;
const TENANTS = ['a', 'b', 'c'];

const demands = fc.oneof(
  fc.constant(undefined),
  fc.record(
    {
      cpuMilli: fc.constantFrom(1_000, 4_000),
      ramMiB: fc.constantFrom(1_000, 4_000),
      gpuUse: fc.constantFrom('whole' as const, 'slice' as const, 'shared' as const),
      gpuMilli: fc.constantFrom(250, 500, 700),
      purpose: fc.constantFrom('training' as const, 'inference' as const),
    },
    { requiredKeys: [] },
  ),
);

const gangs = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.record({
      size: fc.integer({ min: 2, max: 4 }),
      missing: fc.constantFrom(0, 0, 0, 1),
      within: fc.constantFrom('nvlink' as const, 'node' as const, 'rack' as const, 'zone' as const),
    }),
  },
);

const submissions = fc.array(
  fc.record({
    priority: fc.integer({ min: -1, max: 1 }),
    waitedMs: fc.constantFrom(0, 5_000, 60_000, 9 * HOUR_MS),
    tenantId: fc.constantFrom(...TENANTS),
    gpus: fc.constantFrom(0, 1, 1, 1, 2, 4),
    vramMiB: fc.constantFrom(1_000, 6_000, 10_000),
    model: fc.constantFrom('m', 'n'),
    predictedGpuMs: fc.constantFrom(1_000, 60_000),
    demands,
    gang: gangs,
  }),
  { maxLength: 14 },
);

const gpu: fc.Arbitrary<GpuView> = fc.oneof(
  fc.constantFrom<GpuView>(
    { freeMilli: 1000, freeVramMiB: 10_000 },
    { freeMilli: 1000, freeVramMiB: 10_000, nvlinkGroup: 1 },
    { freeMilli: 0, freeVramMiB: 0 },
    { freeMilli: 1000, freeVramMiB: 10_000, faulty: true },
    { mode: 'shared', freeMilli: 1000, freeVramMiB: 10_000 },
    { mode: 'shared', freeMilli: 750, freeVramMiB: 4_000, sharers: 1 },
    { mode: 'mig', freeMilli: 0, freeVramMiB: 0, slices: [5_000, 5_000].map((vramMiB) => ({ vramMiB, busy: false })) },
    { mode: 'mig', freeMilli: 0, freeVramMiB: 0, slices: [{ vramMiB: 5_000, busy: true }] },
  ),
);

const machines = fc.array(
  fc.record({
    devices: fc.option(fc.array(gpu, { minLength: 1, maxLength: 6 }), { nil: undefined }),
    slots: fc.integer({ min: 1, max: 8 }),
    used: fc.integer({ min: 0, max: 2 }),
    freeCpuMilli: fc.option(fc.constantFrom(0, 4_000, 16_000), { nil: undefined }),
    freeRamMiB: fc.option(fc.constantFrom(4_000, 16_000), { nil: undefined }),
    draining: fc.constantFrom(false, false, false, true),
    zone: fc.constantFrom('x', 'y'),
    rack: fc.constantFrom('1', '2'),
    purpose: fc.constantFrom(undefined, undefined, 'training' as const),
    loadedModels: fc.subarray(['m', 'n']),
    preemptible: fc.boolean(),
    stopping: fc.constantFrom(false, false, true),
  }),
  { maxLength: 5 },
);

const limits = fc.record({ gpus: fc.integer({ min: 0, max: 6 }), tasks: fc.integer({ min: 0, max: 6 }) });

const worlds: fc.Arbitrary<SchedulingSnapshot> = fc
  .tuple(submissions, machines, limits)
  .map(([submitted, fleet, limit]) => ({
    pending: submitted.flatMap((one, at) => tasksOf(one, at)),
    workers: fleet.map((one, at) => toWorker(one, at)),
    quotas: [
      {
        scope: 'tenant' as const,
        name: 'a',
        ...limit,
        usedGpuMilli: 1_000,
        usedCpuMilli: 0,
        usedRamMiB: 0,
        usedTasks: 1,
      },
    ],
  }));

type Submission = typeof submissions extends fc.Arbitrary<(infer One)[]> ? One : never;
type Machine = typeof machines extends fc.Arbitrary<(infer One)[]> ? One : never;

function tasksOf({ waitedMs, gpus, vramMiB, demands: asked, gang, ...rest }: Submission, at: number): PendingTask[] {
  const number = at * 10 + 1;
  const count = gang === null ? 1 : gang.size - gang.missing;
  return Array.from({ length: count }, (_, member) =>
    aPendingTask(number + member, {
      ...rest,
      requestedAt: NOW - waitedMs,
      needs: { gpus, vramMiB },
      ...(asked === undefined ? {} : { demands: defined(asked) }),
      ...(gang === null ? {} : { gang: { id: `g${at}`, size: gang.size, within: gang.within } }),
    }),
  );
}

function toWorker(
  { devices, used, freeCpuMilli, freeRamMiB, purpose, preemptible, stopping, ...rest }: Machine,
  at: number,
): WorkerView {
  const usedSlots = Math.min(used, rest.slots);
  const running = Array.from({ length: usedSlots }, (_, index): RunningTask => ({
    id: aPendingTask(1_000 + at * 10 + index).id,
    taskType: 'ti2v-5B',
    priority: (index % 2) - 1,
    preemptible,
    stopping,
    startedAt: NOW - 120_000,
    unsavedMs: 1_000 * index,
    preemptions: 0,
    needs: { gpus: 1, vramMiB: 1_000 },
    ...(devices === undefined ? {} : { devices: [index % devices.length] }),
  }));
  return aWorkerView(at, {
    ...rest,
    usedSlots,
    running,
    gpus: devices?.length ?? 4,
    vramMiB: 10_000,
    ...defined({ devices, freeCpuMilli, freeRamMiB, purpose }),
  });
}

function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

const POLICY = { maxPlacements: 100, preemption: DEFAULT_PREEMPTION };

function always(property: (world: SchedulingSnapshot, decisions: readonly Decision[]) => void, runs = 120): void {
  fc.assert(
    fc.property(worlds, (world) => property(world, decideCycle(world, POLICY, NOW).decisions)),
    { numRuns: runs },
  );
}

function placements(decisions: readonly Decision[]): readonly Placement[] {
  return decisions.filter((decision): decision is Placement => decision.kind === 'place');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** What is placed on each worker, with the worker. */
function byWorker(decisions: readonly Decision[]): readonly (readonly [WorkerView, readonly Placement[]])[] {
  return [...Map.groupBy(placements(decisions), ({ worker }) => worker)];
}

describe('in any world', () => {
  it('every task has one decision with its reason', () =>
    always((world, decisions) => {
      expect(decisions.map(({ task }) => task.id).toSorted()).toEqual(world.pending.map(({ id }) => id).toSorted());
    }));

  it('SCH-49: no GPU is oversubscribed: not its time, not its memory, not its sharers, not its slices', () =>
    always((_, decisions) => {
      for (const [worker, own] of byWorker(decisions)) {
        worker.devices?.forEach((device, at) => {
          const here = own.filter(({ devices }) => devices?.includes(at) === true).map(({ task }) => task);
          if (here.length > 0) expect(device.faulty ?? false).toBe(false);
          if (device.mode === 'mig') {
            const free = (device.slices ?? []).filter(({ busy }) => !busy).map(({ vramMiB }) => vramMiB);
            expect(here.length).toBeLessThanOrEqual(free.length);
            for (const { needs } of here) expect(needs.vramMiB).toBeLessThanOrEqual(Math.max(...free));
            return;
          }
          const shares = device.mode === 'shared';
          const time = here.map(({ demands: asked, needs }) => {
            const whole = !shares || asked?.gpuUse !== 'shared' || asked.purpose !== undefined || needs.gpus !== 1;
            return whole ? 1000 : (asked.gpuMilli ?? 250);
          });
          expect(sum(time)).toBeLessThanOrEqual(device.freeMilli);
          expect(sum(here.map(({ needs }) => needs.vramMiB))).toBeLessThanOrEqual(device.freeVramMiB);
          expect(here.length + (device.sharers ?? 0)).toBeLessThanOrEqual(shares ? SHARERS_LIMIT : 1);
        });
      }
    }));

  it('TYP-23: no slot, CPU or memory of a worker is given twice', () =>
    always((_, decisions) => {
      for (const [worker, own] of byWorker(decisions)) {
        expect(own.length).toBeLessThanOrEqual(worker.slots - worker.usedSlots);
        const cpu = sum(own.map(({ task }) => task.demands?.cpuMilli ?? 0));
        const ram = sum(own.map(({ task }) => task.demands?.ramMiB ?? 0));
        expect(cpu).toBeLessThanOrEqual(worker.freeCpuMilli ?? Infinity);
        expect(ram).toBeLessThanOrEqual(worker.freeRamMiB ?? Infinity);
      }
    }));

  it('a task is placed only where every filter lets it, with as many GPUs as it needs', () =>
    always((_, decisions) => {
      for (const { task, worker, devices } of placements(decisions)) {
        expect([workerRefusal(task, worker, baysOf(worker)), worker.draining]).toEqual([null, false]);
        if (worker.devices !== undefined) expect(devices?.length ?? 0).toBe(task.needs.gpus);
      }
    }));

  it('SCH-40, 41: no gang is partly placed, nor wider than it asks for', () =>
    always((_, decisions) => {
      const members = decisions.filter(({ task }) => task.gang !== undefined);
      for (const gang of Map.groupBy(members, ({ task }) => task.gang?.id).values()) {
        const placed = placements(gang);
        expect([0, gang[0]?.task.gang?.size]).toContain(placed.length);
        const within = gang[0]?.task.gang?.within;
        const names = placed.map(({ worker: { zone, rack, workerId } }) => {
          if (within === 'zone') return zone;
          return within === 'rack' ? `${zone}/${rack}` : workerId;
        });
        expect(new Set(names).size).toBeLessThanOrEqual(1);
      }
    }));

  it('SCH-39: no quota is exceeded', () =>
    always((world, decisions) => {
      for (const quota of world.quotas ?? []) {
        const charges = placements(decisions)
          .filter(({ task }) => task.tenantId === quota.name)
          .map(({ task }) => chargeOf(task));
        if (charges.length === 0) continue;
        expect(quota.usedGpuMilli + sum(charges.map(({ gpuMilli }) => gpuMilli))).toBeLessThanOrEqual(
          (quota.gpus ?? 0) * 1000,
        );
        expect(quota.usedTasks + charges.length).toBeLessThanOrEqual(quota.tasks ?? 0);
      }
    }));

  it('QUE-11: nobody of the same or a higher class is stopped, nobody twice, and never more than the limit', () =>
    always((_, decisions) => {
      const stops = decisions.flatMap((decision) =>
        decision.kind === 'wait' && decision.preemption !== undefined
          ? [[decision.task, decision.preemption] as const]
          : [],
      );
      for (const [task, { victims }] of stops) {
        expect(victims.length).toBeGreaterThan(0);
        for (const victim of victims)
          expect([victim.preemptible, victim.priority < task.priority]).toEqual([true, true]);
      }
      const ids = stops.flatMap(([, { victims }]) => victims.map(({ id }) => id));
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeLessThanOrEqual(DEFAULT_PREEMPTION.maxVictimsPerCycle);
    }));

  it('is work-conserving: nobody waits for a busy pool while a worker that nobody was given has room', () =>
    always((world, decisions) => {
      const used = new Set(placements(decisions).map(({ worker }) => worker.workerId));
      const held = decisions.some(({ reason }) => reason === 'held_for_older' || reason === 'preempting');
      for (const { task, reason } of decisions) {
        if (reason !== 'pool_busy' || held) continue;
        const open = world.workers.filter((worker) => !used.has(worker.workerId) && hasRoom(task, worker));
        expect(open).toEqual([]);
      }
    }));

  it('is the same however the snapshot is ordered', () =>
    always((world, decisions) => {
      const turned = {
        pending: world.pending.toReversed(),
        workers: world.workers.toReversed(),
        quotas: world.quotas?.toReversed() ?? [],
      };
      expect(decideCycle(turned, POLICY, NOW).decisions).toEqual(decisions);
    }));
});
