import { describe, expect, it } from '@jest/globals';
import { decideCycle } from '@millrace/scheduling/policy';
import fc from 'fast-check';
import { buildReport } from '../report/build-report.js';
import { readScenario } from './read-scenario.js';
import { Simulation, type SimulationOptions, type SimulationResult } from './simulation.js';
import { expectBooks } from './testing/expect-books.js';

/** A world of one pool `p` and one task type `t`, unless the lines say otherwise. */
interface Lines {
  readonly duration?: string;
  readonly pool?: string;
  readonly pools?: string;
  readonly type?: string;
  readonly types?: string;
  readonly arrivals?: string;
  readonly tenants?: string;
  readonly rest?: string;
  readonly seed?: number;
}

function simulate(lines: Lines, options: SimulationOptions = {}): SimulationResult {
  const text = `name: test
seed: ${lines.seed ?? 1}
duration: ${lines.duration ?? '10m'}
pools:
  ${lines.pools ?? `p: { workers: 1, vramGiB: 24, usdPerGpuHour: 3600, ${lines.pool ?? ''} }`}
taskTypes:
  ${lines.types ?? `t: { service: 60s, vramGiB: 10, ${lines.type ?? ''} }`}
tenants:
  ${lines.tenants ?? `acme: { arrivals: [${lines.arrivals ?? '{ task: t, trace: [0s] }'}] }`}
${lines.rest ?? ''}
`;
  const steps = new Simulation(readScenario('test.yaml', text), options).run();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** First start and end of each task, in seconds of virtual time. */
function times(result: SimulationResult): readonly (readonly [number | undefined, number | undefined])[] {
  const seconds = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : Math.round(ms) / 1_000;
  return result.tasks.map(({ firstStartMs, endedMs }) => [seconds(firstStartMs), seconds(endedMs)]);
}

describe('a simulated task', () => {
  it('runs for its service time, after its model is loaded; the next of the model needs no load', () => {
    const result = simulate({ type: 'model: m, load: 20s', arrivals: '{ task: t, trace: [0s, 10s] }' });
    expect(times(result)).toEqual([
      [0, 80],
      [80, 140],
    ]);
    const { gpuSeconds, placements, costUsd } = buildReport(result);
    expect(gpuSeconds).toMatchObject({ ready: 600, used: 140, useful: 120, loading: 20, lost: 0, wasted: 20 });
    expect(placements['warm_model']).toBe(1);
    expect(costUsd.total).toBeCloseTo(600, 6);
  });

  it('runs faster on a faster pool', () => {
    expect(times(simulate({ pool: 'speed: 2' }))).toEqual([[0, 30]]);
  });

  it('SCH-42: shares the time of a GPU with the others on it, by their parts', () => {
    const result = simulate({
      pool: 'sharing: shared',
      type: 'use: shared, gpuMilli: 250',
      arrivals: '{ task: t, trace: [0s, 30s] }',
    });
    // Alone for 30 s, then half of the time each: the first has 30 s of work left, and takes 60 s for it.
    expect(times(result)).toEqual([
      [0, 90],
      [30, 120],
    ]);
    expect(buildReport(result).gpuSeconds.used).toBeCloseTo(120, 6);
  });

  it('SCH-43: has a MIG slice for itself, and holds its part of the card', () => {
    const result = simulate({
      pool: 'sharing: { mig: [12, 12] }',
      type: 'use: slice',
      arrivals: '{ task: t, trace: [0s, 0s, 0s] }',
    });
    expect(times(result)).toEqual([
      [0, 60],
      [0, 60],
      [60, 120],
    ]);
    expect(buildReport(result).gpuSeconds.used).toBeCloseTo(90, 6);
  });

  it('SCH-49: never shares memory that is not there', () => {
    const result = simulate({
      pool: 'sharing: shared',
      type: 'use: shared, gpuMilli: 250',
      arrivals: '{ task: t, trace: [0s, 0s, 0s] }',
    });
    // 24 GiB hold two of 10 GiB, whatever is left of the time.
    expect(times(result)[2]?.[0]).toBe(120);
  });
});

describe('a worker that dies', () => {
  const rest = 'faults: [{ at: 50s, workersDie: p }]';

  it('loses what was not saved; the task is queued again when its lease is over', () => {
    const result = simulate({ type: 'checkpoint: 20s', pool: 'boot: 10s', rest });
    // 40 s were saved; the lease ends at 80 s; 20 s are left.
    expect(times(result)).toEqual([[0, 100]]);
    expect(buildReport(result)).toMatchObject({ workersLost: 1, attemptsLost: 1, gpuSeconds: { lost: 10, used: 70 } });
  });

  it('takes everything where nothing is saved', () => {
    const result = simulate({ pool: 'boot: 10s', rest });
    expect(times(result)).toEqual([[0, 140]]);
    expect(buildReport(result).gpuSeconds.lost).toBeCloseTo(50, 6);
  });

  it('is offered tasks until its silence is noticed: such a task waits for its lease', () => {
    const arrivals = '{ task: t, trace: [55s] }';
    const result = simulate({ pool: 'boot: 2m', arrivals, rest });
    // Placed at 55 s on the dead one, back at 85 s, the new worker is ready at 170 s.
    expect(times(result)).toEqual([[55, 230]]);
    expect(buildReport(result).gpuSeconds).toMatchObject({ used: 60, lost: 0 });
  });

  it('costs nothing from then on; the one in its place costs while it boots', () => {
    const result = simulate({ pool: 'boot: 100s', arrivals: '{ task: t, trace: [9m] }', rest });
    expect(buildReport(result).costUsd.total).toBeCloseTo(600, 6);
    expect(buildReport(result).gpuSeconds.ready).toBeCloseTo(500, 6);
  });

  it('SCH-40: takes the whole gang back, and all members start together again', () => {
    const result = simulate({
      pools: 'p: { workers: 3, vramGiB: 24 }',
      type: 'gang: { size: 2 }, checkpoint: 20s',
      rest: 'faults: [{ at: 50s, workersDie: p }]',
    });
    const [first, second] = times(result);
    expect(first).toEqual(second);
    expect(first).toEqual([0, 100]);
    expect(buildReport(result).attemptsLost).toBe(2);
  });
});

describe('preemption', () => {
  const tenants = `acme:
    arrivals:
      - { task: t, class: low, trace: [0s] }
      - { task: t, class: interactive, trace: [22s] }`;
  const rest = 'policy: { preemption: { minRunS: 0, minWaitS: 0 } }';

  it('QUE-11: stops a lower class at its next step, and loses nothing', () => {
    const result = simulate({ type: 'step: 10s', tenants, rest });
    // Stopped at 30 s; the interactive one runs until 90 s; 30 s are left of the other.
    expect(times(result)).toEqual([
      [0, 120],
      [30, 90],
    ]);
    const report = buildReport(result);
    expect(report).toMatchObject({ preemptions: 1, gpuSeconds: { used: 120, lost: 0 } });
    expect(report.waitedTaskSeconds['preempting']).toBeCloseTo(8, 6);
  });

  it.each([
    ['a task that may not be stopped', { type: 'step: 10s, preemptible: false', rest }],
    ['a policy without it', { type: 'step: 10s', rest: 'policy: { preemption: false }' }],
  ])('leaves alone %s', (_, lines) => {
    expect(times(simulate({ ...lines, tenants }))).toEqual([
      [0, 60],
      [60, 120],
    ]);
  });
});

describe('a pool', () => {
  it('that drains ends what runs, takes nothing, costs nothing once empty, and comes back', () => {
    const arrivals = '{ task: t, trace: [0s, 10s] }';
    const rest = 'faults: [{ at: 30s, poolDrains: p, until: 5m }]';
    const result = simulate({ arrivals, pool: 'boot: 30s', rest });
    expect(times(result)).toEqual([
      [0, 60],
      [330, 390],
    ]);
    const report = buildReport(result);
    expect(report).toMatchObject({ attemptsLost: 0 });
    expect(report.costUsd.total).toBeCloseTo(60 + 300, 6);
    expect(report.waitedTaskSeconds['pool_draining']).toBeGreaterThan(29);
  });

  it('of Spot capacity is told before it ends, and what still runs then is lost', () => {
    const pools =
      'p: { workers: 1, vramGiB: 24, capacity: spot, boot: 60s, interruptions: { life: 100s, notice: 30s } }';
    const result = simulate({ pools, type: 'checkpoint: 20s', arrivals: '{ task: t, trace: [60s, 75s] }' });
    // The notice comes at 70 s, so the second waits; the first is lost at 100 s with 40 s done, and the next is ready at 160 s.
    expect(times(result)).toEqual([
      [60, 180],
      [180, 240],
    ]);
    expect(buildReport(result)).toMatchObject({ gpuSeconds: { lost: 0 } });
  });

  it('costs what its price says at the time', () => {
    const pools = 'p: { workers: 2, vramGiB: 24, usdPerGpuHour: [{ from: 0s, usd: 36 }, { from: 5m, usd: 72 }] }';
    expect(buildReport(simulate({ pools })).costUsd.total).toBeCloseTo(2 * 5 * 0.6 + 2 * 5 * 1.2, 6);
  });
});

describe('a run', () => {
  const busy: Lines = {
    pools: `p: { workers: 3, vramGiB: 24, capacity: spot, usdPerGpuHour: 1, boot: { median: 1m, p90: 3m }, interruptions: { life: { mean: 10m } } }
  q: { workers: 1, gpus: 4, vramGiB: 24, usdPerGpuHour: 2 }`,
    types: `t: { service: { median: 40s, p90: 90s }, vramGiB: 10, model: a, load: 7s, checkpoint: 15s, step: 3s }
  g: { service: 2m, vramGiB: 20, gang: { size: 3 }, model: b, load: 5s }`,
    tenants: `acme:
    quota: { gpus: 5 }
    arrivals: [{ task: t, poisson: { perHour: 200 } }, { task: t, class: low, bursts: { size: 9, every: 3m } }]
  zeta: { weight: 2, arrivals: [{ task: g, poisson: { perHour: 12 } }, { task: t, class: interactive, poisson: { perHour: 90 } }] }`,
    rest: 'faults: [{ at: 2m, workersDie: p, count: 2 }, { at: 5m, poolDrains: q, until: 7m }]',
    duration: '12m',
  };

  it('counts what a tenant holds while it has to wait, by its weight', () => {
    const result = simulate({
      pools: 'p: { workers: 2, vramGiB: 24 }',
      tenants: 'acme: { weight: 4, arrivals: [{ task: t, trace: [0s, 0s, 0s] }] }',
    });
    // Two GPUs until 60 s, with one waiting; then one, with none.
    expect(buildReport(result).tenants['acme']).toMatchObject({ gpusPerWeightWhileWaiting: 0.5, gpuSeconds: 180 });
  });

  it('keeps its books: tasks, GPU time, queue time and money add up, whatever happens', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
        const result = simulate({ ...busy, seed });
        const report = buildReport(result);
        expectBooks(report, result);
      }),
      { numRuns: 8 },
    );
  }, 30_000);

  it('is the same for the same seed, and another for another', () => {
    expect(buildReport(simulate(busy))).toEqual(buildReport(simulate(busy)));
    expect(buildReport(simulate({ ...busy, seed: 2 })).tasks).not.toEqual(buildReport(simulate(busy)).tasks);
  });

  it('gets the same tasks whatever the policy makes of them', () => {
    const nothing = { policy: () => ({ decisions: [], shares: [] }) };
    const came = ({ tasks }: SimulationResult) =>
      tasks.map(({ id, arrivedMs, serviceMs }) => [id, arrivedMs, serviceMs]);
    expect(came(simulate(busy, nothing))).toEqual(came(simulate(busy)));
  });

  it('ends at its duration, or with `drain` when the last task is done', () => {
    const arrivals = '{ task: t, trace: [9m, 9m] }';
    expect(simulate({ arrivals })).toMatchObject({ endedMs: 600_000, complete: true });
    expect(simulate({ arrivals, rest: 'drain: true' })).toMatchObject({ endedMs: 660_000 });
  });

  it('with `drain` gives up on what can never run', () => {
    const rest = 'drain: true\nfaults: [{ at: 1m, poolDrains: p }]';
    const result = simulate({ arrivals: '{ task: t, trace: [2m] }', rest });
    expect(result.endedMs).toBeLessThanOrEqual(6_000_000);
    expect(buildReport(result).tasks.waiting).toBe(1);
  });

  it('refuses a policy that gives a place twice', () => {
    const doubled: SimulationOptions = {
      policy: (snapshot, config, now) => {
        const { decisions, shares } = decideCycle(snapshot, config, now);
        const place = decisions.find(({ kind }) => kind === 'place');
        return {
          shares,
          decisions: decisions.map((one) => (place === undefined ? one : { ...place, task: one.task })),
        };
      },
    };
    expect(() => simulate({ arrivals: '{ task: t, trace: [0s, 0s] }' }, doubled)).toThrow('which has no room for it');
  });
});
