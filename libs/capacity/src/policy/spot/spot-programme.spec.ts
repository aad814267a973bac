import { describe, expect, it } from '@jest/globals';
import { twoStateChain } from '../../testing/two-state-chain.js';
import { jobGrid, phaseIndex } from './job-grid.js';
import type { SpotChain } from './spot-chain.js';
import type { SpotJob } from './spot-job.js';
import { chosenBy, MISS_USD, solveSpotProgramme, type SpotProgramme } from './spot-programme.js';

const JOB: SpotJob = {
  tickSeconds: 600,
  deadlineTicks: 12,
  workSeconds: 4800,
  changeoverSeconds: 300,
  onDemandPricePerHour: 3,
  spotPricePerHour: 1,
};
const OFF = 0;
const ON = 1;

function solve(chain: SpotChain, changes: Partial<SpotJob> = {}, spot = 1, onDemand = 3): SpotProgramme {
  return solveSpotProgramme(jobGrid({ ...JOB, ...changes }), chain, [0, spot, onDemand]);
}

describe('the programme of a job over a Spot chain (scheduling.md section 1)', () => {
  it('pays the Spot price throughout where capacity stays', () => {
    // 4800 s and 300 s are 8.5 ticks: nine are charged.
    expect(solve(twoStateChain(0, 0)).startUsd[ON]).toBeCloseTo(9, 9);
  });

  it('pays the on-demand price throughout where capacity never comes', () => {
    expect(solve(twoStateChain(0, 0)).startUsd[OFF]).toBeCloseTo(27, 9);
  });

  it('waits for capacity that comes for certain, where waiting leaves time enough', () => {
    const programme = solve(twoStateChain(1, 0));
    expect(programme.startUsd[OFF]).toBeCloseTo(9, 9);
    expect(chosenBy(programme, 0, programme.grid.slackUnits, 0, OFF)).toBe('idle');
  });

  it('weighs chances by hand: one tick of work, two ticks of time, no changeover', () => {
    const short = { deadlineTicks: 2, workSeconds: 600, changeoverSeconds: 0 };
    // Waiting costs 0.5 × 1 + 0.5 × 3 = 2, running now costs 3.
    const programme = solve(twoStateChain(0.5, 0.5), short);
    expect(programme.startUsd[OFF]).toBeCloseTo(2, 9);
    expect(chosenBy(programme, 0, 1, 0, OFF)).toBe('idle');
    expect(chosenBy(programme, 1, 0, 0, OFF)).toBe('onDemand');
    // With Spot at 2.9 waiting costs 2.95: still less. On a tie the first choice stands, waiting.
    expect(chosenBy(solve(twoStateChain(0.5, 0.5), short, 3), 0, 1, 0, OFF)).toBe('idle');
  });

  it('stays on a Spot instance, and does not leave on-demand for capacity that hardly lives', () => {
    const flicker = solve(twoStateChain(0.1, 0.9));
    const { grid } = flicker;
    expect(chosenBy(flicker, 4, 5, phaseIndex(grid, 'spot', 0), ON)).toBe('spot');
    expect(chosenBy(flicker, 4, 2, phaseIndex(grid, 'onDemand', 0), ON)).toBe('onDemand');
    expect(chosenBy(solve(twoStateChain(0.1, 0.01)), 4, 2, phaseIndex(grid, 'onDemand', 0), ON)).toBe('spot');
  });

  it('never costs less where capacity ends sooner, comes later, slack is less, or prices are higher', () => {
    const usd = (programme: SpotProgramme): number => programme.startUsd[ON]!;
    const plain = usd(solve(twoStateChain(0.3, 0.2)));
    expect(usd(solve(twoStateChain(0.3, 0.4)))).toBeGreaterThan(plain);
    expect(usd(solve(twoStateChain(0.1, 0.2)))).toBeGreaterThan(plain);
    expect(usd(solve(twoStateChain(0.3, 0.2), { deadlineTicks: 10 }))).toBeGreaterThan(plain);
    expect(usd(solve(twoStateChain(0.3, 0.2), { changeoverSeconds: 600 }))).toBeGreaterThan(plain);
    expect(usd(solve(twoStateChain(0.3, 0.2), {}, 1.1))).toBeGreaterThan(plain);
    expect(usd(solve(twoStateChain(0.3, 0.2), {}, 1, 3.1))).toBeGreaterThan(plain);
    expect(usd(solve(twoStateChain(0.3, 0.2), { deadlineTicks: 14 }))).toBeLessThan(plain);
  });

  it('holds a miss to cost more than anything: without slack for a launch it goes on-demand, even where the chain knows no end', () => {
    const programme = solve(twoStateChain(1, 0));
    for (let tick = 0; tick < 11; tick++) expect(chosenBy(programme, tick, 1, 0, ON)).toBe('onDemand');
    expect(solve(twoStateChain(0, 0), { deadlineTicks: 8 }).startUsd[OFF]).toBeGreaterThanOrEqual(MISS_USD);
  });

  it('answers on the edge of the grid for slack beyond it', () => {
    const programme = solve(twoStateChain(0.3, 0.2));
    const top = programme.grid.slackUnits;
    expect(chosenBy(programme, 3, top + 50, 0, ON)).toBe(chosenBy(programme, 3, top, 0, ON));
  });
});
