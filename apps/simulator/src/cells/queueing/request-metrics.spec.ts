import { describe, expect, it } from '@jest/globals';
import { jainIndex, requestMetrics } from './request-metrics.js';
import type { RequestOutcome } from './request-simulation.js';

function anOutcome(group: string, serviceSeconds: number, responseSeconds: number, setupSeconds = 0): RequestOutcome {
  const request = {
    createdSeconds: 0,
    serviceSeconds,
    succeeded: true,
    group,
    pipeline: 'txt',
    model: 'M',
    steps: 1,
    images: 1,
  };
  return {
    job: { index: 0, arrivalSeconds: 100, serviceSeconds, modelLoadSeconds: 0, pipelineSwitchSeconds: 0, request },
    endSeconds: 100 + responseSeconds,
    setupSeconds,
  };
}

describe('the figures of a run', () => {
  it('are waits without service, shares within a multiple of it, and switching', () => {
    const outcomes = [
      anOutcome('a', 10, 10, 0),
      anOutcome('a', 10, 15, 5),
      anOutcome('b', 10, 16, 6),
      anOutcome('b', 10, 30, 9),
      anOutcome('c', 10, 31, 2),
    ];
    expect(requestMetrics(outcomes)).toMatchObject({
      waitSeconds: (0 + 5 + 6 + 20 + 21) / 5,
      waitP99Seconds: 21,
      within1_5: 2 / 5,
      within3: 4 / 5,
      switchGpuSeconds: 22,
    });
  });

  it('take the wait that 99 of 100 do not exceed', () => {
    const outcomes = Array.from({ length: 200 }, (_, n) => anOutcome('a', 1, 1 + n));
    expect(requestMetrics(outcomes).waitP99Seconds).toBe(197);
  });

  it('weigh each group once: a group served at half the speed counts as one, however many requests it has', () => {
    const even = [anOutcome('a', 10, 20), ...Array.from({ length: 9 }, () => anOutcome('b', 10, 20))];
    expect(requestMetrics(even).jain).toBeCloseTo(1, 9);
    const uneven = [anOutcome('a', 10, 10), ...Array.from({ length: 9 }, () => anOutcome('b', 10, 20))];
    expect(requestMetrics(uneven).jain).toBeCloseTo(1.5 ** 2 / (2 * 1.25), 9);
  });

  it('have a Jain index from 1/n to 1', () => {
    expect(jainIndex([3, 3, 3])).toBeCloseTo(1, 12);
    expect(jainIndex([5, 0, 0, 0])).toBe(0.25);
    expect(jainIndex([])).toBe(1);
  });
});
