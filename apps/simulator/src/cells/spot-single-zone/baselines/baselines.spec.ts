import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SpotJob, SpotMode } from '@millrace/capacity/policy';
import { RUN_AGE_BINS, semiMarkovChain, countTransitions } from '@millrace/capacity/policy';
import { runJob, type SpotPolicy } from '../run-job.js';
import { omniscient } from './omniscient.js';
import { semiMarkovPolicy } from './semi-markov.js';
import { greedy, neverWait, onDemandOnly, uniformProgress } from './simple-policies.js';

const JOB: SpotJob = {
  tickSeconds: 600,
  deadlineTicks: 10,
  workSeconds: 2400,
  changeoverSeconds: 300,
  onDemandPricePerHour: 18,
  spotPricePerHour: 6,
};
const bits = (text: string): Uint8Array => Uint8Array.from(text, Number);

/** Letters of what ran in each tick. */
function trail(policy: SpotPolicy, window: string, job = JOB): string {
  const letters: Record<SpotMode, string> = { idle: '.', spot: 's', onDemand: 'd' };
  let text = '';
  runJob(job, bits(window), {
    name: policy.name,
    start: (...begin) => {
      const decide = policy.start(...begin);
      return (view) => {
        const choice = decide(view);
        text += letters[choice];
        return choice;
      };
    },
  });
  return text;
}

describe('the baselines of cell U, by hand', () => {
  it('on-demand runs from the first tick to the last', () => {
    expect(trail(onDemandOnly, '1111111111')).toBe('ddddd');
  });

  it('greedy takes Spot when it is there, and waits for it until the guard', () => {
    expect(trail(greedy, '0011111111')).toBe('..sssss');
    // 2400 s and 300 s are 4.5 ticks: on-demand from the sixth tick of ten.
    expect(trail(greedy, '0000000000')).toBe('.....ddddd');
  });

  it('never wait takes Spot if there, else on-demand', () => {
    // Half a tick of work in each first tick: 300 + 300 + 300 + 600 + 600, and then the rest.
    expect(trail(neverWait, '0101110000')).toBe('dsdsss');
  });

  it('uniform progress falls behind the line, goes on-demand, stays until it is ahead, and takes Spot at once', () => {
    // 240 s of work a tick keep the line. On it at tick 0, behind at 1. On-demand has done 300 s by tick 2 (the line at
    // t + 2d: 720 s), 900 s by tick 3 (960 s), 1500 s by tick 4 (1200 s): ahead, until tick 7 (1680 s).
    expect(trail(uniformProgress, '0000000000')).toBe('.ddd...dd');
    expect(trail(uniformProgress, '0011111111')).toBe('.dssss');
  });

  it('omniscient waits for what it knows will come, and no policy costs less', () => {
    expect(trail(omniscient, '0000011111')).toBe('.....sssss');
    // Five Spot ticks in any case; of equal costs the later start is taken.
    expect(trail(omniscient, '1100001111')).toBe('.s....ssss');
    expect(trail(omniscient, '0000001111')).toHaveLength(10);
  });
});

describe('over any window', () => {
  const window = fc
    .array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 8 })), { minLength: 30, maxLength: 30 })
    .map((runs) =>
      Uint8Array.from(runs.flatMap(([on, ticks]) => Array.from({ length: ticks }, () => (on ? 1 : 0))).slice(0, 30)),
    );
  const job = fc
    .record({
      changeoverSeconds: fc.constantFrom(0, 180, 600, 720, 1320),
      workSeconds: fc.integer({ min: 600, max: 14_000 }),
    })
    .map((shape): SpotJob => ({ ...JOB, deadlineTicks: 28, ...shape }));
  const training = countTransitions(RUN_AGE_BINS, [bits('111110000011011111111111100000000111')]);
  const causal = [
    onDemandOnly,
    greedy,
    uniformProgress,
    neverWait,
    semiMarkovPolicy(semiMarkovChain(RUN_AGE_BINS, training)),
  ];

  it('nobody misses the deadline, and the omniscient programme costs least', () => {
    fc.assert(
      fc.property(job, window, (shape, there) => {
        const best = runJob(shape, there, omniscient);
        expect(best.missed).toBe(false);
        for (const policy of causal) {
          const outcome = runJob(shape, there, policy);
          expect(outcome.missed).toBe(false);
          expect(outcome.costUsd).toBeGreaterThanOrEqual(best.costUsd - 1e-9);
        }
      }),
      { numRuns: 40 },
    );
  });
});
