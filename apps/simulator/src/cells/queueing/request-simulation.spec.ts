import { describe, expect, it } from '@jest/globals';
import { Fifo, ShortestPredicted, ShortestRemaining, ShortestWithSwitch } from './baselines/request-baselines.js';
import { RequestSimulation, type RequestOutcome, type RequestPolicy } from './request-simulation.js';
import type { RequestJob } from './request-workload.js';

type Spec = readonly [arrival: number, service: number, model?: string, pipeline?: string];

/** Loading a model takes 20 s, changing the pipeline 5 s. */
function jobsOf(specs: readonly Spec[]): readonly RequestJob[] {
  return specs.map(([arrivalSeconds, serviceSeconds, model = 'M', pipeline = 'txt'], index) => ({
    index,
    arrivalSeconds,
    serviceSeconds,
    modelLoadSeconds: 20,
    pipelineSwitchSeconds: 5,
    request: {
      createdSeconds: arrivalSeconds,
      serviceSeconds,
      succeeded: true,
      group: 'G',
      pipeline,
      model,
      steps: serviceSeconds,
      images: 1,
    },
  }));
}

function ran(policy: RequestPolicy, specs: readonly Spec[], gpus = 1): readonly RequestOutcome[] {
  return new RequestSimulation(jobsOf(specs), policy, gpus).run();
}

/** `job@end`, in order of end. */
function told(outcomes: readonly RequestOutcome[]): readonly string[] {
  return outcomes.map(({ job, endSeconds }) => `${job.index}@${endSeconds}`);
}

describe('requests on GPUs', () => {
  it('wait for a GPU and for its model; a pipeline over the model is changed for less, and what is there costs nothing', () => {
    const outcomes = ran(new Fifo(), [
      [0, 10],
      [0, 10],
      [0, 10, 'M', 'img'],
      [0, 10, 'N', 'img'],
      [0, 10, 'M', 'img'],
    ]);
    expect(told(outcomes)).toEqual(['0@30', '1@40', '2@55', '3@85', '4@115']);
    expect(outcomes.map(({ setupSeconds }) => setupSeconds)).toEqual([20, 0, 5, 20, 20]);
  });

  it('run on several GPUs at once', () => {
    expect(
      told(
        ran(
          new Fifo(),
          [
            [0, 10],
            [0, 30],
            [1, 10],
          ],
          2,
        ),
      ),
    ).toEqual(['0@30', '2@40', '1@50']);
  });

  it('first come, first served takes the GPU that was idle for longest, blind to what it holds', () => {
    const outcomes = ran(
      new Fifo(),
      [
        [0, 10, 'M'],
        [0, 20, 'N'],
        [60, 10, 'N'],
      ],
      2,
    );
    expect(outcomes.map(({ setupSeconds }) => setupSeconds)).toEqual([20, 20, 20]);
  });

  it('shortest predicted goes by what it has learnt: time per step, then the runs of the key', () => {
    const specs: readonly Spec[] = [
      [0, 30],
      [1, 9],
      [1, 8],
      [1, 7],
    ];
    expect(told(ran(new ShortestPredicted(), specs))).toEqual(['0@50', '3@57', '2@65', '1@74']);
  });

  it('shortest remaining drives out the longest at once, which goes on where it stopped', () => {
    const outcomes = ran(new ShortestRemaining(), [
      [0, 100],
      [50, 10],
    ]);
    expect(told(outcomes)).toEqual(['1@60', '0@130']);
    const other = ran(new ShortestRemaining(), [
      [0, 100, 'M'],
      [50, 10, 'N'],
    ]);
    expect(told(other)).toEqual(['1@80', '0@170']);
    expect(other.map(({ setupSeconds }) => setupSeconds)).toEqual([20, 40]);
  });

  it('shortest remaining leaves what is done sooner', () => {
    expect(
      told(
        ran(new ShortestRemaining(), [
          [0, 20],
          [35, 10],
        ]),
      ),
    ).toEqual(['0@40', '1@50']);
  });

  it('a load that is cut short costs what had gone into it, and is begun again', () => {
    const outcomes = ran(new ShortestRemaining(), [
      [0, 100, 'M'],
      [5, 10, 'N'],
    ]);
    expect(told(outcomes)).toEqual(['1@35', '0@155']);
    expect(outcomes.map(({ setupSeconds }) => setupSeconds)).toEqual([20, 25]);
  });

  it('shortest with switch picks the pair of job and GPU that is done soonest', () => {
    const specs: readonly Spec[] = [
      [0, 10, 'M'],
      [0, 10, 'N'],
      [60, 25, 'N'],
      [60, 10, 'O'],
      [61, 26, 'M'],
    ];
    const outcomes = ran(new ShortestWithSwitch(), specs, 2);
    expect(outcomes.map(({ job, setupSeconds }) => [job.index, setupSeconds])).toEqual([
      [0, 20],
      [1, 20],
      [2, 0],
      [3, 20],
      [4, 20],
    ]);
  });

  it('a policy that leaves requests waiting for ever is told so', () => {
    const idle: RequestPolicy = { name: 'idle', arrived: () => undefined, dispatch: () => undefined };
    expect(() => ran(idle, [[0, 10]])).toThrow('idle leaves GPUs idle while requests wait');
  });
});
