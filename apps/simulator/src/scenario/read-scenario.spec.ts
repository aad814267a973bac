import { describe, expect, it } from '@jest/globals';
import { readScenario } from './read-scenario.js';

const WHOLE = `name: try
seed: 7
duration: 2h
pools:
  a10g: { workers: 4, gpus: 2, vramGiB: 24, cpus: 8, ramGiB: 32, usdPerGpuHour: 0.9 }
  spot:
    workers: 2
    vramGiB: 40
    capacity: spot
    usdPerGpuHour: [{ from: 0s, usd: 0.2 }, { from: 1h, usd: 0.3 }]
    boot: { median: 5m, p90: 9m }
    interruptions: { life: { mean: 2h } }
    sharing: { mig: [20, 20] }
    labels: { tier: cheap }
    taskTypes: [clip]
taskTypes:
  clip: { service: { median: 60s, p90: 2m }, vramGiB: 15, use: slice, model: wan, load: 20s, checkpoint: 30s }
  train: { service: { min: 1h, max: 2h }, gpus: 2, vramGiB: 20, gang: { size: 2, within: node }, preemptible: false }
  quick: { service: { samples: [1s, 250ms] }, vramGiB: 1, use: shared, gpuMilli: 100 }
tenants:
  acme:
    weight: 2
    quota: { gpus: 4, cpus: 1.5 }
    arrivals:
      - { task: clip, class: interactive, poisson: { perHour: 60 }, from: 10m, until: 1h }
      - { task: train, bursts: { size: 3, every: 30m } }
      - { task: quick, class: low, trace: [5m, 1m] }
faults:
  - { at: 5m, workersDie: a10g, count: 2 }
  - { at: 10m, poolDrains: spot, until: 20m }
policy: { maxPlacements: 50, classes: { normal: { maxWaitS: 600 } }, preemption: { minRunS: 30, classes: [low] } }
expect:
  all.waitS.p95: { max: 60 }
  utilisation: { min: 0.1, max: 0.9 }
`;

/** Every line of the message that is thrown. */
function faultsOf(text: string): readonly string[] {
  try {
    readScenario('s.yaml', text);
  } catch (error) {
    expect(error).toMatchObject({ name: 'UsageError' });
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('a scenario', () => {
  it('is read whole, with units turned into milliseconds and MiB', () => {
    const scenario = readScenario('s.yaml', WHOLE);
    expect(scenario).toMatchObject({ name: 'try', seed: 7, durationMs: 7_200_000, cycleMs: 1_000, drain: false });
    expect(scenario.pools[0]).toMatchObject({ gpus: 2, vramMiB: 24_576, cpuMilli: 8_000, ramMiB: 32_768 });
    expect(scenario.pools[1]).toMatchObject({
      capacity: 'spot',
      prices: [
        { atMs: 0, usdPerGpuHour: 0.2 },
        { atMs: 3_600_000, usdPerGpuHour: 0.3 },
      ],
      boot: { kind: 'lognormal', medianMs: 300_000, p90Ms: 540_000 },
      interruptions: { life: { kind: 'exponential', meanMs: 7_200_000 }, noticeMs: 120_000 },
      sharing: { kind: 'mig', sliceVramMiB: [20_480, 20_480] },
      labels: { tier: 'cheap' },
    });
    expect(scenario.taskTypes).toMatchObject([
      { gpuUse: 'slice', loadMs: 20_000, checkpointMs: 30_000, preemptible: true, gangSize: 1 },
      { gangSize: 2, gangWithin: 'node', preemptible: false, service: { kind: 'uniform' } },
      { gpuMilli: 100, service: { kind: 'samples', samplesMs: [1_000, 250] } },
    ]);
    expect(scenario.tenants[0]).toMatchObject({ weight: 2, quota: { gpus: 4, cpuMilli: 1_500 } });
    expect(scenario.tenants[0]?.arrivals).toMatchObject([
      { className: 'interactive', process: { kind: 'poisson', perHour: 60 }, fromMs: 600_000, untilMs: 3_600_000 },
      { className: 'normal', process: { kind: 'bursts', size: 3, everyMs: 1_800_000 }, untilMs: 7_200_000 },
      { process: { kind: 'trace', timesMs: [60_000, 300_000] } },
    ]);
    expect(scenario.faults.map(({ kind }) => kind)).toEqual(['workers_die', 'pool_drains']);
    expect(scenario.policy).toEqual({
      maxPlacements: 50,
      classes: { normal: { maxWaitMs: 600_000 } },
      preemption: { minRunMs: 30_000, classes: ['low'] },
    });
    expect(scenario.expectations[1]).toEqual({ metric: 'utilisation', min: 0.1, max: 0.9, place: 's.yaml:34:16' });
  });

  it.each([
    ['seed: 7', 'seed: -1', 's.yaml:2:7: seed: expected a whole number from 0 to 4294967295, not -1'],
    ['duration: 2h', 'duration: 7200', 's.yaml:3:11: duration: expected a duration of at least 0.001s'],
    ['duration: 2h\n', '', 's.yaml:1:1: duration: is missing; expected a duration'],
    ['seed: 7', 'sed: 7', 's.yaml:2:6: sed: there is no such field; known are name, description, seed'],
    ['workers: 4', 'workers: 4.5', 's.yaml:5:20: pools.a10g.workers: expected a whole number from 1 to 10000, not 4.5'],
    ['workers: 4, ', '', 's.yaml:5:9: pools.a10g.workers: is missing; expected a whole number'],
    [
      'capacity: spot',
      'capacity: sport',
      's.yaml:9:15: pools.spot.capacity: expected one of spot, on_demand, not "sport"',
    ],
    ['    capacity: spot\n', '', 'pools.spot.interruptions: only spot capacity is interrupted; write capacity: spot'],
    ['{ from: 0s,', '{ from: 1s,', 's.yaml:10:20: pools.spot.usdPerGpuHour: expected a first price from 0s on'],
    ['p90: 9m', 'p90: 1m', 's.yaml:11:30: pools.spot.boot.p90: the 90th percentile is not below the median'],
    ['mig: [20, 20]', 'mig: []', 's.yaml:13:21: pools.spot.sharing.mig: a GPU has 1 to 7 slices'],
    [
      'taskTypes: [clip]',
      'taskTypes: [clap]',
      's.yaml:15:17: pools.spot.taskTypes[0]: expected one of taskTypes: clip',
    ],
    ['min: 1h, max: 2h', 'min: 2h, max: 1h', 'taskTypes.train.service.max: the longest is not below the shortest'],
    ['use: shared, ', '', 'taskTypes.quick.gpuMilli: only a task of use: shared takes a part of a GPU'],
    ['vramGiB: 20, gang', 'vramGiB: 90, gang', 'taskTypes.train: no pool has 2 GPUs of 92160 MiB for this type'],
    [
      'task: clip,',
      'task: clop,',
      's.yaml:25:17: tenants.acme.arrivals[0].task: expected one of taskTypes: clip, train',
    ],
    [
      'poisson: { perHour: 60 }',
      'poisson: { perHour: 0 }',
      'arrivals[0].poisson.perHour: expected a number from 0.001',
    ],
    ['poisson: { perHour: 60 }, ', '', 'arrivals[0]: expected exactly one of poisson, bursts and trace'],
    ['until: 1h }', 'until: 5m }', 'arrivals[0].until: the end comes after the begin'],
    ['class: low', 'class: slow', 'arrivals[2].class: expected one of interactive, normal, low, not "slow"'],
    ['workersDie: a10g', 'workersDie: a100', 's.yaml:29:27: faults[0].workersDie: expected one of pools: a10g, spot'],
    ['poolDrains: spot, ', '', 'faults[1]: expected one of workersDie and poolDrains'],
    ['maxPlacements: 50', 'maxPlacements: many', 's.yaml:31:26: policy.maxPlacements: expected a whole number'],
    [
      'preemption: { minRunS: 30, classes: [low] }',
      'preemption: true',
      'policy.preemption: expected false, or a mapping of bounds',
    ],
    [
      'min: 0.1, max: 0.9',
      'min: 0.9, max: 0.1',
      's.yaml:34:16: expect.utilisation: the maximum is not below the minimum',
    ],
    ['{ max: 60 }', '{}', 'all.waitS.p95: expected {min}, {max} or both'],
    ['labels: { tier: cheap }', 'labels: [tier]', 's.yaml:14:13: pools.spot.labels: expected a mapping'],
    ['name: try', 'name: a b', 's.yaml:1:7: name: expected a name of letters, digits, - and _, not "a b"'],
  ])('%s → %s is told with its line, column and field', (from, to, message) => {
    expect(WHOLE).toContain(from);
    expect(faultsOf(WHOLE.replace(from, to)).join('\n')).toContain(message);
  });

  it('tells every fault of a file, in order', () => {
    const faults = faultsOf(WHOLE.replace('seed: 7', 'seed: x').replace('workers: 4', 'workers: 0'));
    expect(faults).toEqual([
      expect.stringContaining('s.yaml:2:7: seed'),
      expect.stringContaining('s.yaml:5:20: pools'),
    ]);
  });

  it.each([
    ['name: [', 's.yaml:1:8:'],
    ['name: a\nname: b', 's.yaml:2:1: Map keys must be unique'],
    ['', 's.yaml:1:1:'],
    ['- a', 's.yaml:1:1: expected a mapping'],
  ])('YAML that is none is told with its place: %j', (text, message) => {
    expect(faultsOf(text)[0]).toContain(message);
  });

  it('reads what an alias stands for', () => {
    const shared = WHOLE.replace('{ samples: [1s, 250ms] }', '*s').replace(
      '{ min: 1h, max: 2h }',
      '&s { min: 1h, max: 2h }',
    );
    expect(readScenario('s.yaml', shared).taskTypes[2]?.service).toMatchObject({ kind: 'uniform' });
  });
});
