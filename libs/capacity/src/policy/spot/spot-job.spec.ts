import { describe, expect, it } from '@jest/globals';
import { afterTick, pendingOf } from './deadline-job.js';
import { tickPrice, type SpotJob, type SpotMode, type SpotView } from './spot-job.js';

const JOB: SpotJob = {
  tickSeconds: 600,
  deadlineTicks: 312,
  workSeconds: 172_800,
  changeoverSeconds: 720,
  onDemandPricePerHour: 3.06,
  spotPricePerHour: 0.9701,
};

function view(mode: SpotMode, pendingSeconds = 0, workLeftSeconds = 10_000): SpotView {
  return { tick: 0, workLeftSeconds, mode, pendingSeconds, spotAvailable: true };
}

describe('a tick of a job (SCH-52, scheduling.md cell U)', () => {
  it.each([
    ['the first launch pays the changeover', view('idle'), 'spot', 720],
    ['staying costs no changeover', view('spot'), 'spot', 0],
    ['what is pending stays pending while the instance stays', view('spot', 120), 'spot', 120],
    ['a new launch replaces what is pending: delays do not stack', view('spot', 120), 'onDemand', 720],
    ['going back to Spot is a launch', view('onDemand'), 'spot', 720],
  ] as const)('%s', (_, before, choice, pending) => {
    expect(pendingOf(JOB, before, choice)).toBe(pending);
  });

  it.each([
    ['a changeover longer than the tick leaves no progress', view('idle'), 'spot', 10_000, 120],
    ['then its rest, and then work', view('spot', 120), 'spot', 10_000 - 480, 0],
    ['then a whole tick of work', view('spot'), 'spot', 9400, 0],
    ['an idle tick changes nothing, and ends what was pending', view('spot', 120), 'idle', 10_000, 0],
    ['work ends at nothing left', view('onDemand', 0, 90), 'onDemand', 0, 0],
  ] as const)('%s', (_, before, choice, workLeftSeconds, pendingSeconds) => {
    expect(afterTick(JOB, before, choice)).toEqual({ workLeftSeconds, pendingSeconds });
  });

  it('pays a short changeover inside its tick, and works in what is left of it', () => {
    const quick = { ...JOB, changeoverSeconds: 180 };
    expect(afterTick(quick, view('idle'), 'onDemand')).toEqual({ workLeftSeconds: 9580, pendingSeconds: 0 });
  });

  it('charges whole ticks: 290 of them, 48 h of work and a changeover, are 147.90 $ on demand', () => {
    expect(290 * tickPrice(JOB, 'onDemand')).toBeCloseTo(147.9, 6);
    expect(tickPrice(JOB, 'spot')).toBeCloseTo(0.9701 / 6, 9);
    expect(tickPrice(JOB, 'idle')).toBe(0);
  });
});
