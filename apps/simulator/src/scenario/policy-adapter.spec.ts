import { describe, expect, it } from '@jest/globals';
import { decideCycle, type PolicyConfig, type SchedulingSnapshot } from '@millrace/scheduling/policy';
import { readScenario } from './read-scenario.js';
import { Simulation } from './simulation.js';

const AT = Date.UTC(2026, 0, 1);

interface Seen {
  readonly atS: number;
  readonly snapshot: SchedulingSnapshot;
  readonly config: PolicyConfig;
}

/** What the policy is given in each cycle of a run. */
function seenBy(text: string): readonly Seen[] {
  const seen: Seen[] = [];
  const simulation = new Simulation(readScenario('s.yaml', text), {
    policy: (snapshot, config, now) => {
      seen.push({ atS: (now - AT) / 1_000, snapshot, config });
      return decideCycle(snapshot, config, now);
    },
  });
  for (const _ of simulation.run()) continue;
  return seen;
}

const WORLD = `name: world
duration: 10m
cycle: 10s
pools:
  whole: { workers: 1, gpus: 2, gpuType: A100, vramGiB: 40, cpus: 8, ramGiB: 64, racks: 1, labels: { tier: fast }, taints: [gpu] }
  cut: { workers: 1, vramGiB: 40, sharing: { mig: [20, 10] }, taskTypes: [small] }
  sliced: { workers: 1, vramGiB: 16, sharing: shared, taskTypes: [shared] }
taskTypes:
  big: { service: 60s, gpus: 2, vramGiB: 30, cpus: 4, ramGiB: 16, model: m, tolerations: [gpu], gpuTypes: [A100] }
  small: { service: 5m, vramGiB: 9, use: slice }
  shared: { service: 5m, vramGiB: 4, use: shared, gpuMilli: 300 }
tenants:
  acme:
    weight: 3
    quota: { gpus: 8, cpus: 5.5, tasks: 20 }
    arrivals:
      - { task: big, class: low, trace: [0s, 30s] }
      - { task: small, trace: [0s, 30s] }
      - { task: shared, class: interactive, trace: [0s, 30s] }
policy: { maxPlacements: 9, slackGpuSeconds: 60, classes: { low: { maxWaitS: 60 } } }
`;

describe('the policy', () => {
  const cycles = seenBy(WORLD);
  const [first, second] = cycles;

  it('is asked at most once in the time of a cycle', () => {
    expect(cycles.map(({ atS }) => atS).slice(0, 2)).toEqual([0, 30]);
    for (const [index, { atS }] of cycles.entries())
      expect(atS - (cycles[index - 1]?.atS ?? -Infinity)).toBeGreaterThanOrEqual(10);
    const rush = seenBy(
      WORLD.replace('trace: [0s, 30s] }\n      - { task: small', 'poisson: { perHour: 3600 } }\n      - { task: small'),
    );
    expect(rush.length).toBeGreaterThan(50);
    for (const [index, { atS }] of rush.entries())
      expect(atS - (rush[index - 1]?.atS ?? -Infinity)).toBeGreaterThan(9.99);
  });

  it('sees a task with its class, tenant, needs and prediction', () => {
    expect(first?.snapshot.pending.find(({ taskType }) => taskType === 'big')).toEqual({
      id: '00000000-0000-7000-8000-000000000001',
      taskType: 'big',
      priority: -1,
      needs: { gpus: 2, vramMiB: 30_720 },
      requestedAt: AT,
      tenantId: 'acme',
      model: 'm',
      predictedGpuMs: 120_000,
      demands: { cpuMilli: 4_000, ramMiB: 16_384, gpuUse: 'whole', gpuTypes: ['A100'], tolerations: ['gpu'] },
    });
    const shared = first?.snapshot.pending.find(({ taskType }) => taskType === 'shared');
    expect(shared).toMatchObject({ priority: 1, demands: { gpuUse: 'shared', gpuMilli: 300 } });
  });

  it('sees what is free of a worker, and what runs there', () => {
    const [whole, cut, sliced] = second?.snapshot.workers ?? [];
    expect(whole).toMatchObject({
      workerId: 'whole-0000',
      pool: 'whole',
      gpus: 2,
      vramMiB: 40_960,
      usedSlots: 2,
      draining: false,
      alive: true,
      gpuType: 'A100',
      taints: ['gpu'],
      labels: { tier: 'fast' },
      zone: 'zone-a',
      rack: 'zone-a/rack-0',
      cpuMilli: 8_000,
      freeCpuMilli: 4_000,
      ramMiB: 65_536,
      freeRamMiB: 49_152,
      devices: [
        { mode: 'whole', freeMilli: 0, freeVramMiB: 10_240 },
        { mode: 'whole', freeMilli: 0, freeVramMiB: 10_240 },
      ],
      loadedModels: ['m'],
      recentTaskTypes: ['big'],
    });
    expect(whole?.running).toMatchObject([
      {
        taskType: 'big',
        priority: -1,
        preemptible: true,
        startedAt: AT,
        preemptions: 0,
        stopping: false,
        devices: [0, 1],
      },
    ]);
    expect(cut?.devices).toMatchObject([
      {
        mode: 'mig',
        slices: [
          { vramMiB: 20_480, busy: false },
          { vramMiB: 10_240, busy: true },
        ],
      },
    ]);
    expect(cut).toMatchObject({ taskTypes: ['small'], running: [{ preemptible: false }] });
    expect(sliced?.devices).toEqual([{ mode: 'shared', freeMilli: 700, freeVramMiB: 12_288, sharers: 1 }]);
  });

  it('sees quotas with what is used of them', () => {
    expect(second?.snapshot.quotas).toEqual([
      {
        ...{ scope: 'tenant', name: 'acme', gpus: 8, cpuMilli: 5_500, tasks: 20 },
        ...{ usedGpuMilli: 3_300, usedCpuMilli: 4_000, usedRamMiB: 16_384, usedTasks: 3 },
      },
    ]);
  });

  it('gets the settings of the scenario over those of production, and the shares of the cycle before', () => {
    expect(first?.config).toMatchObject({
      maxPlacements: 9,
      ordering: { slackGpuSeconds: 60, weights: new Map([['acme', 3]]) },
      preemption: { maxPreemptionsPerTask: expect.any(Number) },
    });
    expect(first?.config.ordering?.classes.get(-1)?.maxWaitMs).toBe(60_000);
    expect(first?.config.ordering?.classes.get(1)?.maxWaitMs).toBeGreaterThan(0);
    expect(first?.snapshot.shares).toBeUndefined();
    expect(second?.snapshot.shares?.length).toBeGreaterThan(0);
  });

  it('is told that a running task is stopping already', () => {
    const text = WORLD.replace(/ {4}arrivals:[\s\S]*/, '')
      .concat(
        '    arrivals: [{ task: slow, class: low, trace: [0s] }, { task: slow, class: interactive, trace: [20s, 40s] }]\n',
      )
      .concat('policy: { preemption: { minRunS: 0, minWaitS: 0 } }\n')
      .replace('  small:', '  slow: { service: 9m, vramGiB: 30, gpus: 2, step: 2m, tolerations: [gpu] }\n  small:');
    const later = seenBy(text).find(({ atS }) => atS === 40);
    expect(later?.snapshot.workers[0]?.running).toMatchObject([{ priority: -1, stopping: true }]);
  });
});
