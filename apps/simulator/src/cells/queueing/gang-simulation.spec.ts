import { describe, expect, it } from '@jest/globals';
import { DEFAULT_ORDERING } from '@millrace/scheduling/policy';
import { gangBaselines } from './baselines/gang-baselines.js';
import { longestWaitSeconds, meanCompletionSeconds, simulateGangs, type GangPolicy } from './gang-simulation.js';
import { gangWorkload, type GangJob } from './gang-workload.js';
import { LearntRanks, MillraceGangs, TrueRanks } from './millrace-gangs.js';

const GPUS = 4;

function jobsOf(specs: readonly (readonly [arrival: number, duration: number, gpus: number])[]): readonly GangJob[] {
  return specs.map(([arrivalSeconds, durationSeconds, gpus], index) => ({
    index,
    arrivalSeconds,
    durationSeconds,
    gpus,
  }));
}

function baseline(name: string): GangPolicy {
  const found = gangBaselines(GPUS).find((policy) => policy.name === name);
  if (found === undefined) throw new Error(`no baseline ${name}`);
  return found;
}

function ours(maxWaitSeconds = 1e6, ranks: TrueRanks | LearntRanks = new TrueRanks()): MillraceGangs {
  const ordering = { ...DEFAULT_ORDERING, classes: new Map([[0, { maxWaitMs: 1_000 * maxWaitSeconds }]]) };
  return new MillraceGangs('millrace', GPUS, ordering, ranks);
}

/** `job@end`, in order of end. */
function told(policy: GangPolicy, jobs: readonly GangJob[]): readonly string[] {
  return simulateGangs(jobs, policy, GPUS).map(({ job, endSeconds }) => `${job.index}@${Math.round(endSeconds)}`);
}

/** The second needs all four GPUs; the third would fit beside the first. */
const BLOCKED = jobsOf([
  [0, 100, 3],
  [1, 50, 4],
  [2, 60, 1],
]);

describe('gangs on a cluster', () => {
  it('first in, first out: nothing passes a gang that waits', () => {
    expect(told(baseline('fifo'), BLOCKED)).toEqual(['0@100', '1@150', '2@210']);
  });

  it('backfill: what fits passes', () => {
    expect(told(baseline('fifo-backfill'), BLOCKED)).toEqual(['2@62', '0@100', '1@150']);
  });

  it('shortest first: by duration, without preemption', () => {
    const jobs = jobsOf([
      [0, 100, 4],
      [1, 50, 4],
      [2, 20, 4],
    ]);
    expect(told(baseline('shortest-first'), jobs)).toEqual(['0@100', '2@120', '1@170']);
  });

  it('2D-LAS: the least attained service × GPUs first', () => {
    const jobs = jobsOf([
      [0, 300, 4],
      [60, 60, 4],
    ]);
    expect(told(baseline('2d-las'), jobs)).toEqual(['1@120', '0@360']);
    const wide = jobsOf([
      [0, 240, 4],
      [0, 240, 1],
    ]);
    expect(told(baseline('2d-las'), wide)[0]).toBe('1@300');
  });

  it.each([['shortest-remaining'], ['millrace']])('SRSF (%s): by what remains × GPUs, preemptive', (name) => {
    const policy = (): GangPolicy => (name === 'millrace' ? ours() : baseline(name));
    const jobs = jobsOf([
      [0, 100, 4],
      [10, 50, 4],
      [20, 30, 4],
    ]);
    expect(told(policy(), jobs)).toEqual(['2@50', '1@90', '0@180']);
    const wide = jobsOf([
      [0, 100, 2],
      [10, 60, 4],
    ]);
    expect(told(policy(), wide)).toEqual(['0@100', '1@160']);
  });

  it.each([['shortest-remaining'], ['millrace']])('%s: what fits passes a gang that does not', (name) => {
    const jobs = jobsOf([
      [0, 100, 3],
      [1, 160, 2],
      [2, 400, 1],
    ]);
    expect(told(name === 'millrace' ? ours() : baseline(name), jobs)).toEqual(['0@100', '1@260', '2@402']);
  });

  it('SCH-40: a gang runs on all of its GPUs or not at all', () => {
    const greedy: GangPolicy = {
      name: 'greedy',
      arrived: () => undefined,
      ended: () => undefined,
      choose: () => [
        { job: { index: 0, arrivalSeconds: 0, durationSeconds: 9, gpus: 3 }, servedSeconds: 0 },
        { job: { index: 1, arrivalSeconds: 0, durationSeconds: 9, gpus: 2 }, servedSeconds: 0 },
      ],
    };
    expect(() => simulateGangs(jobsOf([[0, 1, 1]]), greedy, GPUS)).toThrow('greedy gives each GPU once');
  });

  it('counts from arrival to end, and what was spent without GPUs', () => {
    const outcomes = simulateGangs(BLOCKED, baseline('fifo'), GPUS);
    expect(meanCompletionSeconds(outcomes)).toBeCloseTo((100 + 149 + 208) / 3, 9);
    expect(longestWaitSeconds(outcomes)).toBe(148);
  });
});

/** A long gang, and short jobs without end that would keep it out. */
const STREAM = jobsOf([[0, 500, 4], ...Array.from({ length: 300 }, (_, n) => [1 + 10 * n, 12, 4] as const)]);

describe('ours over gangs', () => {
  it('QUE-13: a gang that has waited for the maximum goes first, and only its waiting counts', () => {
    const endOfLong = (policy: GangPolicy): number =>
      simulateGangs(STREAM, policy, GPUS).find(({ job }) => job.index === 0)?.endSeconds ?? 0;
    expect(endOfLong(ours())).toBeGreaterThan(3_000);
    const capped = endOfLong(ours(600));
    expect(capped).toBeLessThan(1_400);
    expect(capped).toBeGreaterThan(1_000);
  });

  it('QUE-13: the time that a gang was served is no wait', () => {
    const jobs = jobsOf([
      [0, 1_000, 4],
      [700, 50, 4],
    ]);
    expect(told(ours(600), jobs)).toEqual(['1@750', '0@1050']);
  });

  it('ranks what waits again after ten minutes, and what runs at once', () => {
    const ranks = new Map([
      [0, 10],
      [1, 20],
    ]);
    const runs = jobsOf([
      [0, 9_000, 4],
      [0, 9_000, 4],
    ]).map((job) => ({ job, servedSeconds: 0 }));
    const policy = new MillraceGangs('millrace', GPUS, DEFAULT_ORDERING, {
      arrived: () => undefined,
      ended: () => undefined,
      rankOf: ({ job }) => ranks.get(job.index) ?? 0,
    });
    for (const run of runs) policy.arrived(run);
    const chosen = (now: number): readonly number[] =>
      policy.choose(now === 0 ? [] : runs.slice(0, 1), now).map(({ job }) => job.index);
    expect(chosen(0)).toEqual([0]);
    ranks.set(1, 5);
    expect(chosen(599)).toEqual([0]);
    expect(chosen(600)).toEqual([1]);
  });

  it('learns the length of jobs from the past: what has outlived its neighbours makes room', () => {
    const jobs = jobsOf([
      ...Array.from({ length: 100 }, (_, n) => [40 * n, 30, 4] as const),
      [4_000, 50_000, 4],
      ...Array.from({ length: 100 }, (_, n) => [4_100 + 40 * n, 30, 4] as const),
    ]);
    const learnt = meanCompletionSeconds(simulateGangs(jobs, ours(1e6, new LearntRanks()), GPUS));
    const fifo = meanCompletionSeconds(simulateGangs(jobs, baseline('fifo'), GPUS));
    const told = meanCompletionSeconds(simulateGangs(jobs, ours(), GPUS));
    expect(learnt).toBeLessThan(fifo / 20);
    expect(learnt).toBeLessThan(1.3 * told);
  });
});

describe('the workload of gangs', () => {
  it('is the first jobs of a minute or more that fit, by time and then by duration', () => {
    const job = (submittedSeconds: number, durationSeconds: number, gpus = 1) => ({
      submittedSeconds,
      durationSeconds,
      gpus,
    });
    const trace = [job(30, 90), job(20, 59.9), job(10, 80), job(10, 60), job(5, 100, 18), job(40, 61, 17)];
    const { jobs, gpus } = gangWorkload([...trace, job(155, 60)]);
    // 100 × 18 + 61 × 17 + 290 GPU-seconds in 150 s.
    expect(gpus).toBe(Math.floor((1_800 + 1_037 + 290) / 150 / 0.8));
    expect(jobs).toHaveLength(6);
    expect(gangWorkload([...trace.slice(0, 4), job(130, 100, 3), job(210, 60)])).toEqual({
      gpus: 3,
      jobs: [
        { index: 0, arrivalSeconds: 0, durationSeconds: 60, gpus: 1 },
        { index: 1, arrivalSeconds: 0, durationSeconds: 80, gpus: 1 },
        { index: 2, arrivalSeconds: 20, durationSeconds: 90, gpus: 1 },
        { index: 3, arrivalSeconds: 120, durationSeconds: 100, gpus: 3 },
        { index: 4, arrivalSeconds: 200, durationSeconds: 60, gpus: 1 },
      ],
    });
  });

  it('leaves out what is larger than the cluster that its load makes', () => {
    const small = (n: number) => ({ submittedSeconds: 100 * n, durationSeconds: 100, gpus: 1 });
    const { jobs, gpus } = gangWorkload([
      ...Array.from({ length: 100 }, (_, n) => small(n)),
      { submittedSeconds: 50, durationSeconds: 60, gpus: 8 },
    ]);
    expect(gpus).toBe(1);
    expect(jobs).toHaveLength(100);
  });

  it('has 8,000 of them at most', () => {
    const many = Array.from({ length: 9_000 }, (_, n) => ({ submittedSeconds: n, durationSeconds: 60, gpus: 1 }));
    expect(gangWorkload(many).jobs).toHaveLength(8_000);
  });
});
