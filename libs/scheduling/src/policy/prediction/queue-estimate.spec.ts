import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seededRng } from '@millrace/kernel';
import { DEFAULT_ORDERING, type QueuedTask } from '../ordering/ordering-policy.js';
import { ServiceOrder } from '../ordering/service-order.js';
import type { Prediction } from './gpu-seconds-history.js';
import { estimateQueue, EstimateRecord, type TaskEstimate } from './queue-estimate.js';

const NOW = 1_000_000_000;

function estimates(
  lengths: readonly number[],
  {
    runningGpuSeconds = 0,
    gpus = 1,
    record = new EstimateRecord(),
    p90Times = 1,
    ordering = DEFAULT_ORDERING,
    waitedMs = 1_000,
    priority = 0,
  } = {},
): readonly TaskEstimate<QueuedTask>[] {
  const order = new ServiceOrder<QueuedTask>(ordering);
  lengths.forEach((gpuSeconds, n) =>
    order.add({
      id: `task-${n}`,
      tenantId: 'acme',
      priority,
      requestedAt: NOW + n,
      pool: 'local',
      shape: 'a',
      gpuSeconds,
    }),
  );
  order.begin(NOW + waitedMs);
  const predictionOf = ({ gpuSeconds }: QueuedTask): Prediction => ({
    p50GpuSeconds: gpuSeconds,
    p90GpuSeconds: gpuSeconds * p90Times,
    basis: 'history',
    samples: 9,
  });
  return [...estimateQueue(order, predictionOf, { runningGpuSeconds, gpus, record, ordering, now: NOW + waitedMs })];
}

describe('the estimate of a queue', () => {
  it('counts in order of service what runs has left and what waits ahead', () => {
    expect(
      estimates([30, 10, 20], { runningGpuSeconds: 100, gpus: 10 }).map(
        ({ task, position, gpuSecondsAhead, p50Seconds, plainSeconds }) => [
          task.id,
          position,
          gpuSecondsAhead,
          p50Seconds,
          plainSeconds,
        ],
      ),
    ).toEqual([
      ['task-1', 1, 100, 20, 20],
      ['task-2', 2, 110, 31, 31],
      ['task-0', 3, 130, 43, 43],
    ]);
  });

  it('spreads as the predictions do, the less on more GPUs', () => {
    const [first, second] = estimates([100, 100], { p90Times: 1.5 });
    expect(first).toMatchObject({ p50Seconds: 100, p90Seconds: 150 });
    expect(second?.p50Seconds).toBe(200);
    expect(second?.p90Seconds).toBeCloseTo(200 + 50 * Math.SQRT2, 6);
    const onFour = estimates([100, 100, 100], { p90Times: 1.5, gpus: 4 }).at(-1);
    expect(onFour?.p50Seconds).toBe(150);
    expect(onFour?.p90Seconds).toBeCloseTo(150 + 50 * Math.sqrt(2 / 16 + 1), 6);
  });

  it('is corrected by how far off earlier ones were', () => {
    const record = new EstimateRecord();
    for (let n = 1; n <= 19; n++) record.outcome(100, 100 * (1 + n / 10));
    expect(estimates([100], { record })[0]).toMatchObject({ p50Seconds: 100, p90Seconds: 110 });
    record.outcome(100, 300);
    expect(estimates([100], { record })[0]).toMatchObject({ p50Seconds: 200, p90Seconds: 280, plainSeconds: 100 });
  });

  it('learns nothing from an estimate of no time', () => {
    const record = new EstimateRecord();
    for (let n = 0; n < 50; n++) record.outcome(0, 10);
    expect(record.factor(0.9)).toBeUndefined();
  });

  it('has nine of ten tasks done within its p90, once it knows how far off it is', () => {
    const rng = seededRng(7);
    const record = new EstimateRecord();
    let within = 0;
    for (let n = 0; n < 2_000; n++) {
      const [told] = estimates([50 + Math.floor(100 * rng.next())], { record });
      const tookSeconds = (told?.plainSeconds ?? 0) * (0.5 + 2 * rng.next());
      if (n >= 200 && tookSeconds <= (told?.p90Seconds ?? 0)) within += 1;
      record.outcome(told?.plainSeconds ?? 0, tookSeconds);
    }
    expect(within / 1_800).toBeGreaterThan(0.87);
    expect(within / 1_800).toBeLessThan(0.93);
  });

  it('QUE-13: nobody is told to wait long past the age at which it goes first, however late others were', () => {
    const record = new EstimateRecord();
    for (let n = 0; n < 50; n++) record.outcome(100, 10_000);
    const ordering = { ...DEFAULT_ORDERING, classes: new Map([[0, { maxWaitMs: 601_000 }]]) };
    const p90s = estimates([100, 1_000], { record, ordering, p90Times: 2 }).map(({ p90Seconds }) => p90Seconds);
    // Both have p50s of a hundred times the plain estimate, and a tenth of that for their p90.
    expect(p90s[0]).toBeCloseTo(11_000, 6);
    expect(p90s[1]).toBeCloseTo(121_000, 6);
    const late = new EstimateRecord();
    for (let n = 0; n < 50; n++) late.outcome(100, n < 40 ? 100 : 10_000);
    const [first, second] = estimates([100, 1_000], { record: late, ordering, p90Times: 2 });
    // Old in 600 s, then what is ahead and its own 100 s, and how far its length is off: another 100 s.
    expect(first?.p90Seconds).toBeCloseTo(800, 6);
    expect(second?.p90Seconds).toBeCloseTo(1_700.001 + Math.hypot(100, 1_000), 6);
    // What was late widens what is not known, and not the time until it is old.
    for (let n = 0; n < 500; n++) late.verdict(true);
    expect(estimates([100], { record: late, ordering, p90Times: 2 })[0]?.p90Seconds).toBeCloseTo(700 + 4 * 100, 6);
  });

  it('QUE-13: who is old, or is soon, has a range too that follows what came late', () => {
    const record = new EstimateRecord();
    for (let n = 0; n < 200; n++) record.outcome(100, n < 150 ? 198 : 278);
    const told = (): readonly number[] => {
      const ordering = { ...DEFAULT_ORDERING, otherwise: { maxWaitMs: 900_000 }, classes: new Map() };
      return estimates([1_260, 3_660], { record, ordering }).map(
        ({ p50Seconds, p90Seconds }) => p90Seconds / p50Seconds,
      );
    };
    const before = told();
    for (const times of before) expect(times).toBeGreaterThan(1.09);
    for (let n = 0; n < 50; n++) record.verdict(true);
    told().forEach((times, n) => expect(times).toBeGreaterThan((before[n] ?? Infinity) + 0.2));
  });

  it('has its p90 after its p50, the further the more came late: for any queue, age, class and record', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 100 }),
        fc.array(fc.double({ min: 0.05, max: 20, noNaN: true }), { maxLength: 100 }),
        fc.record({
          maxWaitMs: fc.integer({ min: 0, max: 20_000_000 }),
          waitedMs: fc.integer({ min: 0, max: 40_000_000 }),
          priority: fc.integer({ min: -1, max: 1 }),
          p90Times: fc.double({ min: 1, max: 5, noNaN: true }),
        }),
        fc.integer({ min: 0, max: 60 }),
        (lengths, ratios, { maxWaitMs, waitedMs, priority, p90Times }, verdicts) => {
          const record = new EstimateRecord();
          for (const ratio of ratios) record.outcome(100, 100 * ratio);
          for (let n = 0; n < verdicts; n++) record.verdict(n % 3 === 0);
          const ordering = { ...DEFAULT_ORDERING, classes: new Map([[priority, { maxWaitMs }]]) };
          const told = () => estimates(lengths, { record, ordering, p90Times, waitedMs, priority });
          const before = told();
          record.verdict(true);
          const after = told();
          expect(before.filter(({ p50Seconds, p90Seconds }) => p90Seconds <= p50Seconds)).toEqual([]);
          expect(after.filter(({ p90Seconds }, n) => p90Seconds <= (before[n]?.p90Seconds ?? Infinity))).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('widens by what was late and narrows by what was not, within bounds', () => {
    const told = (record: EstimateRecord): number => estimates([100], { record, p90Times: 2 })[0]?.p90Seconds ?? 0;
    const record = new EstimateRecord();
    expect(told(record)).toBe(200);
    record.verdict(true);
    expect(told(record)).toBeCloseTo(100 + 100 * Math.exp(0.045), 6);
    for (let n = 0; n < 9; n++) record.verdict(false);
    expect(told(record)).toBeCloseTo(200, 6);
    for (let n = 0; n < 500; n++) record.verdict(true);
    expect(told(record)).toBeCloseTo(500, 6);
    for (let n = 0; n < 500; n++) record.verdict(false);
    expect(told(record)).toBeCloseTo(150, 6);
  });
});
