import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jobGrid, phaseIndex, slackNeeded, slackOf } from './job-grid.js';
import { afterTick } from './deadline-job.js';
import type { SpotJob, SpotMode } from './spot-job.js';

const JOB: SpotJob = {
  tickSeconds: 600,
  deadlineTicks: 312,
  workSeconds: 172_800,
  changeoverSeconds: 720,
  onDemandPricePerHour: 3,
  spotPricePerHour: 1,
};

describe('the grid of a job', () => {
  it('has units that divide the tick and the changeover', () => {
    expect(jobGrid(JOB)).toMatchObject({ unitSeconds: 120, unitsPerTick: 5, changeoverUnits: 6, slackUnits: 120 });
    expect(jobGrid({ ...JOB, changeoverSeconds: 180 })).toMatchObject({ unitSeconds: 60, slackUnits: 240 });
    expect(jobGrid({ ...JOB, changeoverSeconds: 0 })).toMatchObject({ unitsPerTick: 1, changeoverUnits: 0 });
  });

  it('knows what can be pending between ticks', () => {
    const pending = (changeoverSeconds: number): readonly number[] =>
      jobGrid({ ...JOB, changeoverSeconds })
        .phases.filter(({ mode }) => mode === 'spot')
        .map(({ pendingUnits }) => pendingUnits);
    expect(pending(180)).toEqual([0]);
    expect(pending(720)).toEqual([0, 1]);
    expect(pending(1320)).toEqual([0, 1, 6]);
  });

  it('moves a job as a tick does, in every phase and to every mode', () => {
    const grid = jobGrid({ ...JOB, changeoverSeconds: 1320 });
    const job = { ...JOB, changeoverSeconds: 1320 };
    const workLeftSeconds = 60_000;
    grid.phases.forEach(({ mode, pendingUnits }, phase) => {
      const view = { tick: 7, workLeftSeconds, mode, pendingSeconds: pendingUnits * 120, spotAvailable: true };
      expect(phaseIndex(grid, mode, view.pendingSeconds)).toBe(phase);
      for (const choice of ['idle', 'spot', 'onDemand'] as const) {
        const move = grid.moves[phase]![choice];
        const next = afterTick(job, view, choice);
        expect(phaseIndex(grid, choice, next.pendingSeconds)).toBe(move.phase);
        expect(slackOf(grid, 8, next.workLeftSeconds)).toBe(slackOf(grid, 7, workLeftSeconds) - move.loss);
      }
    });
  });

  it('needs room for a launch, and on on-demand for the rest of its own only', () => {
    const grid = jobGrid(JOB);
    const needed = (mode: SpotMode, pendingSeconds = 0): number =>
      slackNeeded(grid, phaseIndex(grid, mode, pendingSeconds));
    expect([needed('idle'), needed('spot'), needed('onDemand'), needed('onDemand', 120)]).toEqual([6, 6, 0, 1]);
  });

  it('takes coarser units where a tick and a changeover share no large divisor, and rounds against the job', () => {
    const odd = jobGrid({ ...JOB, changeoverSeconds: 601 });
    expect(odd.unitsPerTick).toBeLessThanOrEqual(20);
    expect(odd.changeoverUnits * odd.unitSeconds).toBeGreaterThanOrEqual(601);
    expect(phaseIndex(odd, 'spot', 1)).toBeGreaterThan(phaseIndex(odd, 'spot', 0));
  });

  it('takes coarser units for a far deadline, and refuses one that no grid can hold', () => {
    const far = jobGrid({ ...JOB, deadlineTicks: 1000 });
    expect(far.ticks * (far.slackUnits + 1) * far.phases.length).toBeLessThanOrEqual(4_000_000);
    expect(far.unitsPerTick).toBeLessThan(5);
    expect(() => jobGrid({ ...JOB, deadlineTicks: 9000 })).toThrow('plan in longer ticks');
  });

  it('never gives a job more slack than it has', () => {
    const shapes = fc.record({
      work: fc.integer({ min: 1, max: 200_000 }),
      changeover: fc.integer({ min: 0, max: 4000 }),
    });
    fc.assert(
      fc.property(shapes, ({ work, changeover }) => {
        const grid = jobGrid({ ...JOB, changeoverSeconds: changeover });
        expect(slackOf(grid, 5, work) * grid.unitSeconds).toBeLessThanOrEqual(307 * 600 - work);
        expect(grid.changeoverUnits * grid.unitSeconds).toBeGreaterThanOrEqual(changeover);
      }),
    );
  });
});
