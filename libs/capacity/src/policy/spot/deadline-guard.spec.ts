import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keepsDeadline } from './deadline-guard.js';
import { afterTick } from './deadline-job.js';
import { guardedSpot, type SpotJob, type SpotMode, type SpotView } from './spot-job.js';

const JOB: SpotJob = {
  tickSeconds: 600,
  deadlineTicks: 10,
  workSeconds: 3000,
  changeoverSeconds: 300,
  onDemandPricePerHour: 3,
  spotPricePerHour: 1,
};

function view(tick: number, workLeftSeconds: number, mode: SpotMode = 'idle', pendingSeconds = 0): SpotView {
  return { tick, workLeftSeconds, mode, pendingSeconds, spotAvailable: true };
}

describe('the deadline guard (scheduling.md section 1)', () => {
  it.each([
    // 3000 s and 300 s of changeover are 5.5 ticks: 6 must be left after an idle tick.
    ['waiting, with just enough ticks left after it', view(3, 3000), 'idle', true],
    ['waiting one tick longer', view(4, 3000), 'idle', false],
    ['on-demand at the last moment', view(4, 3000), 'onDemand', true],
    // 300 s of the Spot tick are work: 2700 s and a changeover are 5 ticks.
    ['Spot at the last moment, if it were lost after a tick', view(4, 3000), 'spot', true],
    ['Spot one tick later', view(5, 3000), 'spot', false],
    ['a Spot instance that stays, with room for one launch', view(5, 2700, 'spot'), 'spot', true],
    ['a Spot instance that stays, without', view(6, 2700, 'spot'), 'spot', false],
    ['on-demand that stays needs no launch', view(6, 2400, 'onDemand'), 'onDemand', true],
    ['what ends with this tick needs nothing after it', view(9, 600, 'spot'), 'spot', true],
  ] as const)('%s', (_, before, choice, keeps) => {
    expect(keepsDeadline(JOB, before, choice)).toBe(keeps);
    if (keepsDeadline(JOB, before, 'onDemand'))
      expect(guardedSpot(JOB, before, choice)).toBe(keeps ? choice : 'onDemand');
  });

  it('keeps what is running where the deadline is lost and a launch would fall further behind', () => {
    expect(guardedSpot(JOB, view(8, 3000, 'spot'), 'idle')).toBe('spot');
    expect(guardedSpot(JOB, view(8, 3000), 'idle')).toBe('onDemand');
  });

  const jobs = fc
    .record({
      tickSeconds: fc.constantFrom(60, 600, 700),
      workSeconds: fc.integer({ min: 1, max: 20_000 }),
      changeoverSeconds: fc.integer({ min: 0, max: 2500 }),
      spareTicks: fc.integer({ min: 0, max: 30 }),
    })
    .map(({ spareTicks, ...shape }): SpotJob => {
      const needed = Math.ceil((shape.workSeconds + shape.changeoverSeconds) / shape.tickSeconds);
      return { ...shape, deadlineTicks: needed + spareTicks, onDemandPricePerHour: 3, spotPricePerHour: 1 };
    });

  it('never misses a deadline that on-demand could keep, whatever is wanted and whatever capacity does', () => {
    const seed = fc.infiniteStream(
      fc.record({ there: fc.boolean(), wish: fc.constantFrom('idle', 'spot', 'onDemand') }),
    );
    fc.assert(
      fc.property(jobs, seed, (job, ticks) => {
        let mode: SpotMode = 'idle';
        let left = { workLeftSeconds: job.workSeconds, pendingSeconds: 0 };
        for (let tick = 0; tick < job.deadlineTicks && left.workLeftSeconds > 0; tick++) {
          const { there, wish } = ticks.next().value as { there: boolean; wish: SpotMode };
          if (mode === 'spot' && !there) mode = 'idle';
          const now: SpotView = { tick, ...left, mode, spotAvailable: there };
          const choice = guardedSpot(job, now, wish === 'spot' && !there ? 'idle' : wish);
          left = afterTick(job, now, choice);
          mode = choice;
        }
        expect(left.workLeftSeconds).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
