import { describe, expect, it } from '@jest/globals';
import type { DiffusionRequest } from '../../traces/diffusion-requests.js';
import { requestWorkload } from './request-workload.js';

const requests = Array.from({ length: 4_001 }, (_, n): DiffusionRequest => ({
  createdSeconds: 1_000_000 + 7 * (4_000 - n),
  serviceSeconds: 10 + (n % 21),
  succeeded: true,
  group: 'G',
  pipeline: 'TXT_2_IMG',
  model: 'M',
  steps: 30,
  images: 1,
}));

describe('the workload of requests', () => {
  it.each([0.7, 1.1])('keeps the GPUs busy for a share %s of its time', (load) => {
    const jobs = requestWorkload(requests, load, 32);
    const service = jobs.reduce((sum, { serviceSeconds }) => sum + serviceSeconds, 0);
    expect(service / (32 * (jobs.at(-1)?.arrivalSeconds ?? 0))).toBeCloseTo(load, 9);
  });

  it('keeps the order and the proportion of the gaps', () => {
    const jobs = requestWorkload(requests, 0.9, 32);
    const gap = jobs[1]?.arrivalSeconds ?? 0;
    expect(jobs[0]?.arrivalSeconds).toBe(0);
    expect(gap).toBeGreaterThan(0);
    expect(jobs[1_000]?.arrivalSeconds).toBeCloseTo(1_000 * gap, 6);
    expect(jobs[0]?.request).toBe(requests.at(-1));
    expect(jobs.map(({ index }) => index)).toEqual(requests.map((_, n) => n));
  });

  it('draws what a switch costs with the medians and ninth deciles given, the same for every load', () => {
    const jobs = requestWorkload(requests, 0.7, 32);
    const quantile = (of: readonly number[], q: number): number =>
      of.toSorted((a, b) => a - b)[Math.floor(q * of.length)] ?? 0;
    const loads = jobs.map(({ modelLoadSeconds }) => modelLoadSeconds);
    const switches = jobs.map(({ pipelineSwitchSeconds }) => pipelineSwitchSeconds);
    expect(Math.abs(quantile(loads, 0.5) / 22.7 - 1)).toBeLessThan(0.05);
    expect(Math.abs(quantile(loads, 0.9) / 42 - 1)).toBeLessThan(0.05);
    expect(Math.abs(quantile(switches, 0.5) / 8.5 - 1)).toBeLessThan(0.08);
    expect(Math.abs(quantile(switches, 0.9) / 26.8 - 1)).toBeLessThan(0.08);
    expect(requestWorkload(requests, 1.1, 32).map(({ modelLoadSeconds }) => modelLoadSeconds)).toEqual(loads);
  });

  it('is one request at once, too', () => {
    expect(requestWorkload(requests.slice(0, 1), 0.7, 32)).toMatchObject([{ arrivalSeconds: 0 }]);
  });
});
