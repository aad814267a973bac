import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IdleGauge } from './idle-gauge.js';

const MINUTE_MS = 60_000;

describe('the measured idle time', () => {
  it('SCH-48: is the share of GPU time without an attempt, over all GPUs', () => {
    const gauge = new IdleGauge(2);
    gauge.sample(0, 0);
    expect(gauge.sample(MINUTE_MS, 30_000)).toBe(75);
  });

  it('is not known before a minute has passed', () => {
    const gauge = new IdleGauge(1);
    expect(gauge.sample(0, 0)).toBeUndefined();
    expect(gauge.sample(MINUTE_MS - 1, 0)).toBeUndefined();
  });

  it('forgets what is more than ten minutes ago', () => {
    const gauge = new IdleGauge(1);
    for (let minute = 0; minute <= 30; minute++) gauge.sample(minute * MINUTE_MS, minute * MINUTE_MS);
    let idle: number | undefined;
    for (let minute = 31; minute <= 41; minute++) idle = gauge.sample(minute * MINUTE_MS, 30 * MINUTE_MS);
    expect(idle).toBe(100);
  });

  it('comes in steps of 5, never rounded up: 40 % are 40 %', () => {
    const gauge = new IdleGauge(1);
    gauge.sample(0, 0);
    expect(gauge.sample(100_000, 60_001)).toBe(35);
    expect(gauge.sample(200_000, 120_000)).toBe(40);
  });

  it('is between 0 and 100 for every history, and costs a bounded memory', () => {
    const steps = fc.array(fc.record({ ms: fc.nat(5_000), busy: fc.nat(100) }), { maxLength: 600 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), (history, gpus) => {
        const gauge = new IdleGauge(gpus);
        let atMs = 0;
        let busyMs = 0;
        for (const { ms, busy } of history) {
          atMs += ms;
          busyMs += (gpus * ms * busy) / 100;
          const idle = gauge.sample(atMs, busyMs);
          if (idle !== undefined) expect(idle >= 0 && idle <= 100 && idle % 5 === 0).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });
});
