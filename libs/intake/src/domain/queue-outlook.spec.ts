import { describe, expect, it } from '@jest/globals';
import { estimateS, waitingReason, type PoolFacts } from './queue-outlook.js';

function pool(overrides: Partial<PoolFacts> = {}): PoolFacts {
  return { pool: 'local', workers: 1, freeSlots: 0, lanes: [], ...overrides };
}
const lane = { taskType: 'ti2v-5B', priority: 0, waiting: 2, running: 1 };

describe('estimateS (API-02)', () => {
  it.each([
    ['an unknown queue: the type alone', [], 180],
    ['an idle worker', [pool({ freeSlots: 1 })], 180],
    ['three before it on one worker', [pool({ lanes: [lane] })], 720],
    ['three before it on three workers', [pool({ workers: 3, lanes: [lane] })], 360],
    ['low-priority tasks that wait do not count', [pool({ lanes: [{ ...lane, priority: -1 }] })], 360],
  ])('%s', (_name, pools, wanted) => {
    expect(estimateS(pools, 0, 180)).toBe(wanted);
  });
});

describe('waitingReason', () => {
  it('says nothing where nothing is known, or a slot is free', () => {
    expect(waitingReason([], 0)).toBeUndefined();
    expect(waitingReason([pool({ freeSlots: 1 })], 0)).toBeUndefined();
  });

  it('says that there is no worker, or that all are busy', () => {
    expect(waitingReason([pool({ workers: 0 })], 0)?.text).toMatch(/No worker/);
    expect(waitingReason([pool({ lanes: [lane] })], 0)).toMatchObject({
      code: 'no_fitting_worker',
      text: expect.stringMatching(/about 3 tasks/) as unknown,
    });
  });
});
