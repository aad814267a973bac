import { describe, expect, it } from '@jest/globals';
import { DEFAULT_ORDERING } from '@millrace/scheduling/policy';
import { seededRng } from '@millrace/kernel';
import type { DiffusionRequest } from '../../traces/diffusion-requests.js';
import { Fifo, ShortestRemaining } from './baselines/request-baselines.js';
import { MillraceRequests } from './millrace-requests.js';
import { requestMetrics } from './request-metrics.js';
import { RequestSimulation } from './request-simulation.js';
import { requestWorkload, type RequestJob } from './request-workload.js';

const GPUS = 4;
/** Twelve models, three pipelines, forty groups: length follows steps, with noise. */
const requests = ((): readonly DiffusionRequest[] => {
  const rng = seededRng(3);
  const pick = (count: number): number => Math.floor(count * rng.next() ** 2);
  return Array.from({ length: 1_200 }, (_, n) => {
    const steps = [20, 30, 50][pick(3)] ?? 30;
    return {
      createdSeconds: 10 * n + Math.floor(10 * rng.next()),
      serviceSeconds: Math.max(1, Math.round(steps * (0.6 + 0.4 * rng.next()))),
      succeeded: rng.next() > 0.02,
      group: `G${pick(40)}`,
      pipeline: ['txt', 'img', 'paint'][pick(3)] ?? 'txt',
      model: `M${pick(12)}`,
      steps,
      images: 1,
    };
  });
})();
const jobs = requestWorkload(requests, 0.9, GPUS);

function ours(): MillraceRequests {
  return new MillraceRequests(GPUS, DEFAULT_ORDERING);
}

function figures(policy: MillraceRequests | Fifo | ShortestRemaining) {
  return requestMetrics(new RequestSimulation(jobs, policy, GPUS).run());
}

describe('ours over requests', () => {
  it('waits less than shortest remaining service, switches less than half as much as FIFO, serves groups no less alike', () => {
    const [mine, fifo, bar] = [figures(ours()), figures(new Fifo()), figures(new ShortestRemaining())];
    expect(mine.waitSeconds).toBeLessThan(1.15 * bar.waitSeconds);
    expect(mine.switchGpuSeconds).toBeLessThan(fifo.switchGpuSeconds / 2);
    expect(mine.jain).toBeGreaterThan(fifo.jain);
  });

  it('is the same for the same requests, and tells them an end that most keep', () => {
    const [first, second] = [ours(), ours()];
    expect(figures(first)).toEqual(figures(second));
    expect(first.withinP90).toBe(second.withinP90);
    expect(first.withinP90).toBeGreaterThan(0.7);
    expect(first.withinP90).toBeLessThan(1);
    expect(first.etaWidth).toBeGreaterThan(0);
    expect(first.etaWidth).toBeLessThan(10);
  });

  it('does not look at what a request is going to take', () => {
    const [first, second] = [jobs[0], jobs[1]] as [RequestJob, RequestJob];
    const chosenFor = (serviceSeconds: number): number | undefined => {
      const policy = ours();
      policy.arrived({ ...first, serviceSeconds }, 0);
      policy.arrived({ ...second, serviceSeconds: 1_000 - serviceSeconds }, 0);
      const gpu = { index: 0, model: undefined, pipeline: undefined, idleSinceSeconds: 0 };
      return policy.dispatch([gpu], 0)?.job.index;
    };
    expect(chosenFor(1)).toBe(chosenFor(999));
  });

  describe('learns', () => {
    const job = (index: number, steps: number, model: string, succeeded = true): RequestJob => {
      const first = jobs[0] as RequestJob;
      return { ...first, index, request: { ...first.request, steps, model, succeeded } };
    };
    const gpu = (model: string) => ({ index: 0, model, pipeline: jobs[0]?.request.pipeline, idleSinceSeconds: 0 });
    /** The policy after it has served this job many times, each in a second after a load of a second. */
    const after = (served: RequestJob): MillraceRequests => {
      const policy = ours();
      for (let n = 0; n < 50; n++) {
        const again = { ...served, index: 100 + n, serviceSeconds: 1 };
        policy.arrived(again, 0);
        const dispatch = policy.dispatch([gpu('none')], 0);
        if (dispatch !== undefined) policy.ended({ ...dispatch, readySeconds: 1, endSeconds: 2 }, 1);
      }
      return policy;
    };
    const chosen = (policy: MillraceRequests, ...waiting: readonly RequestJob[]): number | undefined => {
      for (const each of waiting) policy.arrived(each, 10);
      return policy.dispatch([gpu('warm')], 10)?.job.index;
    };

    it('nothing of lengths from runs that failed', () => {
      const waiting = [job(1, 30, 'warm'), job(2, 25, 'warm')];
      expect(chosen(after(job(0, 30, 'warm', false)), ...waiting)).toBe(2);
      expect(chosen(after(job(0, 30, 'warm', true)), ...waiting)).toBe(1);
    });

    it('what a load takes', () => {
      const waiting = [job(1, 25, 'cold'), job(2, 40, 'warm')];
      expect(chosen(ours(), ...waiting)).toBe(2);
      expect(chosen(after(job(0, 30, 'other', false)), ...waiting)).toBe(1);
    });
  });

  it('takes the GPU that holds the model, and then the one that was idle for longest', () => {
    const job = jobs[0] as RequestJob;
    const gpu = (index: number, model: string | undefined, pipeline: string, idleSinceSeconds: number) => ({
      index,
      model,
      pipeline,
      idleSinceSeconds,
    });
    const chosen = (...idle: readonly ReturnType<typeof gpu>[]): number | undefined => {
      const policy = ours();
      policy.arrived(job, 100);
      return policy.dispatch(idle, 100)?.gpu.index;
    };
    const { model, pipeline } = job.request;
    expect(chosen(gpu(0, 'x', pipeline, 9), gpu(1, model, pipeline, 50), gpu(2, undefined, 'x', 3))).toBe(1);
    expect(chosen(gpu(0, 'x', pipeline, 9), gpu(1, 'y', pipeline, 8), gpu(2, 'z', 'x', 10))).toBe(1);
  });
});
