import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fitSpot } from './spot-fit.js';
import { afterTick } from './deadline-job.js';
import type { SpotJob, SpotMode, SpotView } from './spot-job.js';
import { NOTHING_SEEN, SpotPlanner, type SpotDecision, type SpotMemory } from './spot-planner.js';

const JOB: SpotJob = {
  tickSeconds: 600,
  deadlineTicks: 40,
  workSeconds: 18_000,
  changeoverSeconds: 300,
  onDemandPricePerHour: 3,
  spotPricePerHour: 1,
};
const bits = (text: string): Uint8Array => Uint8Array.from(text, Number);
const FIT = fitSpot(
  [[bits('1111111100001111111111110011111111111111110000011111111111')], [bits('100110100'.repeat(8))]],
  600,
);

const see = (planner: SpotPlanner, past: string): SpotMemory =>
  [...past].reduce((memory, tick) => planner.observe(memory, tick === '1'), NOTHING_SEEN);

/** Runs the job over availability; the decisions, and the work left at the end. */
function play(planner: SpotPlanner, job: SpotJob, there: readonly boolean[]): [readonly SpotDecision[], number] {
  const decisions: SpotDecision[] = [];
  let mode: SpotMode = 'idle';
  let memory = NOTHING_SEEN;
  let left = { workLeftSeconds: job.workSeconds, pendingSeconds: 0 };
  for (let tick = 0; tick < job.deadlineTicks && left.workLeftSeconds > 0; tick++) {
    const spotAvailable = there[tick] ?? false;
    if (mode === 'spot' && !spotAvailable) mode = 'idle';
    memory = planner.observe(memory, spotAvailable);
    const view: SpotView = { tick, ...left, mode, spotAvailable };
    const decision = planner.decide(job, view, memory);
    decisions.push(decision);
    left = afterTick(job, view, decision.choice);
    mode = decision.choice;
  }
  return [decisions, left.workLeftSeconds];
}

const idle = (tick: number, spotAvailable: boolean, workLeftSeconds = 18_000): SpotView => ({
  tick,
  workLeftSeconds,
  mode: 'idle',
  pendingSeconds: 0,
  spotAvailable,
});

describe('the Spot planner (scheduling.md section 1)', () => {
  it('takes Spot capacity, keeps it, and says so', () => {
    const [decisions] = play(
      new SpotPlanner(FIT),
      JOB,
      Array.from({ length: 40 }, () => true),
    );
    expect(decisions.map(({ reason }) => reason)).toEqual([
      'takeSpot',
      ...Array.from({ length: 30 }, () => 'keepSpot'),
    ]);
  });

  it('waits while slack is worth less than the price, and goes on-demand at the last moment', () => {
    const [decisions, left] = play(new SpotPlanner(FIT), JOB, []);
    const reasons = decisions.map(({ reason }) => reason);
    expect(reasons[0]).toBe('wait');
    expect(reasons.at(-1)).toBe('deadline');
    expect(left).toBe(0);
  });

  it('does not leave on-demand for capacity that it has seen flicker', () => {
    const planner = new SpotPlanner(FIT);
    const slow: SpotJob = { ...JOB, changeoverSeconds: 600 };
    const view: SpotView = { ...idle(5, true, 17_400), mode: 'onDemand' };
    const steady = planner.decide(slow, view, see(planner, '1'.repeat(60) + '01'));
    const flicker = planner.decide(slow, view, see(planner, '01'.repeat(16)));
    expect(steady.endRateMultiple).toBeLessThan(flicker.endRateMultiple);
    expect([steady.choice, flicker.choice, flicker.reason]).toEqual(['spot', 'onDemand', 'holdOnDemand']);
  });

  it('never misses a deadline, whatever capacity does, from the past alone', () => {
    const planner = new SpotPlanner(FIT);
    const short: SpotJob = { ...JOB, deadlineTicks: 18, workSeconds: 7300, changeoverSeconds: 720 };
    const windows = fc.array(fc.boolean(), { minLength: 18, maxLength: 18 });
    fc.assert(
      fc.property(windows, fc.integer({ min: 0, max: 17 }), (there, cut) => {
        const [decisions, left] = play(planner, short, there);
        expect(left).toBe(0);
        // What comes after a tick changes nothing before it: the same past, the same decisions.
        const [other] = play(planner, short, [...there.slice(0, cut), ...there.slice(cut).map((tick) => !tick)]);
        expect(other.slice(0, cut)).toEqual(decisions.slice(0, cut));
      }),
      { numRuns: 150 },
    );
  });

  it('works on where the deadline is lost already', () => {
    const planner = new SpotPlanner(FIT);
    const late = (mode: SpotMode, there: boolean): SpotMode =>
      planner.decide(JOB, { ...idle(20, there), mode }, see(planner, there ? '1' : '0')).choice;
    expect([late('spot', true), late('idle', true), late('idle', false)]).toEqual(['spot', 'onDemand', 'onDemand']);
  });

  it('decides the same with programmes kept and with none', () => {
    const there = Array.from({ length: 40 }, (_, tick) => tick % 7 < 3);
    const used = new SpotPlanner(FIT);
    play(used, { ...JOB, deadlineTicks: 35 }, there);
    play(
      used,
      JOB,
      there.map((tick) => !tick),
    );
    expect(play(used, JOB, there)).toEqual(play(new SpotPlanner(FIT), JOB, there));
  });

  it('refuses ticks of another length than the fit’s, and a memory that has not seen the tick', () => {
    const planner = new SpotPlanner(FIT);
    const memory = see(planner, '1');
    expect(() => planner.decide({ ...JOB, tickSeconds: 60 }, idle(0, true), memory)).toThrow('ticks of 600 s');
    expect(() => planner.decide(JOB, idle(1, false), memory)).toThrow('has not seen this tick');
  });
});
