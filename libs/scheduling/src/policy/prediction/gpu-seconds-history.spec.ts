import { describe, expect, it } from '@jest/globals';
import { FEW_RUNS, GpuSecondsHistory, type RunKey } from './gpu-seconds-history.js';

const KEY: RunKey = {
  taskType: 'ti2v-5B',
  resolution: '720P',
  frames: 81,
  steps: 50,
  model: 'wan@2.2',
  pool: 'a10g',
};
const PROFILE = { p50GpuSeconds: 285, p90GpuSeconds: 360 };

function aHistory(runs: readonly (readonly [Partial<RunKey>, number])[] = []): GpuSecondsHistory {
  const history = new GpuSecondsHistory(() => PROFILE);
  for (const [key, gpuSeconds] of runs) history.record({ ...KEY, ...key }, gpuSeconds);
  return history;
}

const times = (count: number, key: Partial<RunKey>, gpuSeconds: number): (readonly [Partial<RunKey>, number])[] =>
  Array.from({ length: count }, () => [key, gpuSeconds] as const);

describe('the prediction of GPU-seconds', () => {
  it('is the profile’s before anything ran, and says so', () => {
    expect(aHistory().predict(KEY)).toEqual({ ...PROFILE, basis: 'profile', samples: 0 });
  });

  it('comes to p50 and p90 of the last 200 runs of the key', () => {
    const runs = Array.from({ length: 1_000 }, (_, n) => [{}, n < 800 ? 9_999 : 101 + (n % 200)] as const);
    const { p50GpuSeconds, p90GpuSeconds, ...rest } = aHistory(runs).predict(KEY);
    expect(p50GpuSeconds).toBeCloseTo(200, 0);
    expect(p90GpuSeconds).toBeCloseTo(280, 0);
    expect(rest).toEqual({ basis: 'history', samples: 200 });
  });

  it('leans on the profile while the sample is thin', () => {
    const thin = aHistory(times(1, {}, 100)).predict(KEY);
    const thicker = aHistory(times(4, {}, 100)).predict(KEY);
    expect(thin).toMatchObject({ basis: 'profile', samples: 0 });
    expect(thin.p50GpuSeconds).toBeLessThan(PROFILE.p50GpuSeconds);
    expect(thin.p50GpuSeconds).toBeGreaterThan(thicker.p50GpuSeconds);
    expect(thicker.p50GpuSeconds).toBeGreaterThan(100);
    expect(aHistory(times(FEW_RUNS, {}, 100)).predict(KEY)).toMatchObject({ basis: 'history', samples: FEW_RUNS });
  });

  it('of a key that never ran comes from the time per step of its type and model', () => {
    const history = aHistory(times(50, { steps: 50 }, 500));
    const { p50GpuSeconds, ...rest } = history.predict({ ...KEY, steps: 25 });
    expect(p50GpuSeconds).toBeCloseTo(250, -1);
    expect(rest).toMatchObject({ basis: 'history', samples: 50 });
  });

  it('of a model that never ran comes from the time per step of its type', () => {
    const history = aHistory([...times(50, {}, 500), ...times(200, { taskType: 't2v-A14B' }, 5_000)]);
    const { p50GpuSeconds, ...rest } = history.predict({ ...KEY, model: 'wan@2.3' });
    expect(p50GpuSeconds).toBeGreaterThan(450);
    expect(p50GpuSeconds).toBeLessThan(500);
    expect(rest).toMatchObject({ basis: 'history', samples: 50 });
  });

  it('is the pool’s own once it has runs, and another pool’s before', () => {
    const runs = [...times(100, { pool: 'a100' }, 90), ...times(100, { pool: 'a10g' }, 285)];
    const of = (pool: string): number => aHistory(runs).predict({ ...KEY, pool }).p50GpuSeconds;
    expect(of('a100')).toBeLessThan(105);
    expect(of('a10g')).toBeGreaterThan(270);
    expect(of('h100')).toBeGreaterThanOrEqual(90);
    expect(of('h100')).toBeLessThanOrEqual(285);
  });

  it.each(['taskType', 'resolution', 'model'] as const)('keeps apart what differs in %s', (field) => {
    const runs = [...times(100, {}, 100), ...times(100, { [field]: 'other' }, 900)];
    expect(aHistory(runs).predict(KEY).p50GpuSeconds).toBeLessThan(150);
    expect(aHistory(runs).predict({ ...KEY, [field]: 'other' }).p50GpuSeconds).toBeGreaterThan(800);
  });

  it('never has a p90 below its p50', () => {
    const history = new GpuSecondsHistory(() => ({ p50GpuSeconds: 100, p90GpuSeconds: 10 }));
    expect(history.predict(KEY)).toMatchObject({ p50GpuSeconds: 100, p90GpuSeconds: 100 });
  });

  it('takes a run without steps as one step', () => {
    expect(aHistory(times(100, { steps: null }, 40)).predict({ ...KEY, steps: null }).p50GpuSeconds).toBeCloseTo(
      40,
      -1,
    );
  });

  it('forgets the keys unused for longest when there are too many', () => {
    const history = aHistory(times(100, { taskType: 'first' }, 1));
    for (let n = 0; n < 10_000; n++) history.record({ ...KEY, taskType: 'busy', resolution: `r${n}` }, 7);
    expect(history.predict({ ...KEY, taskType: 'first' })).toMatchObject({ basis: 'profile', samples: 0 });
    expect(history.predict({ ...KEY, taskType: 'busy', resolution: 'new' }).p50GpuSeconds).toBeCloseTo(7, -1);
  });

  it('keeps the keys that are in use', () => {
    const history = aHistory(times(100, { taskType: 'first' }, 1));
    for (let n = 0; n < 13_000; n++) {
      history.record({ ...KEY, taskType: 'busy', resolution: `r${n}` }, 7);
      if (n % 1_000 === 0) history.record({ ...KEY, taskType: 'first' }, 1);
    }
    expect(history.predict({ ...KEY, taskType: 'first' })).toMatchObject({ basis: 'history', samples: 113 });
  });

  it('of steps that a model never ran is that model’s time per step, not the type’s', () => {
    const history = aHistory([...times(100, { model: 'slow' }, 500), ...times(100, { model: 'fast' }, 50)]);
    expect(history.predict({ ...KEY, model: 'slow', steps: 10 }).p50GpuSeconds).toBeGreaterThan(90);
    expect(history.predict({ ...KEY, model: 'fast', steps: 10 }).p50GpuSeconds).toBeLessThan(20);
  });

  it.each([-1, Number.NaN, Infinity])('refuses a run of %s GPU-seconds', (gpuSeconds) => {
    expect(() => aHistory().record(KEY, gpuSeconds)).toThrow('a run takes a finite GPU time');
  });
});
