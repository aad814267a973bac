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
  return Array.from({ length: 2_000 }, (_, n) => {
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

  it('tells each request it asks for an end that about nine of ten keep', () => {
    const policy = ours();
    new RequestSimulation(jobs, policy, GPUS).run();
    expect(policy.withinP90).toBeGreaterThan(0.7);
  });

  it('is the same for the same requests', () => {
    expect(figures(ours())).toEqual(figures(ours()));
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
