import { describe, expect, it } from '@jest/globals';
import type { SpotJob, SpotMode } from '@millrace/capacity/policy';
import { runJob, type SpotPolicy } from './run-job.js';

const JOB: SpotJob = {
  tickSeconds: 600,
  deadlineTicks: 6,
  workSeconds: 1500,
  changeoverSeconds: 720,
  onDemandPricePerHour: 6,
  spotPricePerHour: 1.2,
};
const bits = (text: string): Uint8Array => Uint8Array.from(text, Number);

/** Chooses as written: a letter a tick, `s`, `d` for on-demand, anything else for idle. */
function script(letters: string): SpotPolicy {
  const modes: Record<string, SpotMode> = { s: 'spot', d: 'onDemand' };
  return { name: 'script', start: () => (view) => modes[letters[view.tick] ?? ''] ?? 'idle' };
}

describe('a job of cell U', () => {
  it('pays the changeover of its first launch, and whole ticks', () => {
    // 720 s + 1500 s on one instance: 3.7 ticks, four are charged at $1.
    expect(runJob(JOB, bits('000000'), script('dddddd'))).toEqual({
      costUsd: 4,
      missed: false,
      launches: 1,
      ticks: { idle: 0, spot: 0, onDemand: 4 },
    });
  });

  it('does not stack delays: a new launch replaces what is pending', () => {
    // Spot for a tick (120 s of its changeover left), then on-demand: 720 s anew, not 840 s.
    const { ticks, launches, missed } = runJob(JOB, bits('111111'), script('sddddd'));
    expect([ticks.spot, ticks.onDemand, launches, missed]).toEqual([1, 4, 2, false]);
  });

  it('loses a Spot instance with its capacity, and pays a changeover for the next', () => {
    const { ticks, launches, missed } = runJob({ ...JOB, deadlineTicks: 9 }, bits('110111111'), script('ss.ssssss'));
    // Two ticks work 480 s; then 720 s + 1020 s.
    expect([ticks.spot, ticks.idle, launches, missed]).toEqual([2 + 3, 1, 2, false]);
  });

  it('counts a miss where work is left at the deadline', () => {
    expect(runJob(JOB, bits('111111'), script('......'))).toMatchObject({ costUsd: 0, missed: true });
    expect(runJob(JOB, bits('111111'), script('..dddd'))).toMatchObject({ costUsd: 4, missed: false });
    expect(runJob(JOB, bits('111111'), script('...ddd'))).toMatchObject({ costUsd: 3, missed: true });
  });

  it('stops at a policy that takes what is not there, and at a window that is too short', () => {
    expect(() => runJob(JOB, bits('011111'), script('s'))).toThrow('took Spot at tick 0');
    expect(() => runJob(JOB, bits('01111'), script('.'))).toThrow('shorter than the deadline');
  });

  it('tells a policy that its Spot instance is gone', () => {
    const seen: SpotMode[] = [];
    const watcher: SpotPolicy = {
      name: 'watcher',
      start: () => (view) => {
        seen.push(view.mode);
        return view.spotAvailable ? 'spot' : 'onDemand';
      },
    };
    runJob({ ...JOB, workSeconds: 3000 }, bits('110110'), watcher);
    expect(seen).toEqual(['idle', 'spot', 'idle', 'onDemand', 'spot', 'idle']);
  });

  it('tells a policy of a tick’s capacity at its start', () => {
    const seen: boolean[] = [];
    const watcher: SpotPolicy = {
      name: 'watcher',
      start: () => (view) => {
        seen.push(view.spotAvailable);
        return 'idle';
      },
    };
    runJob(JOB, bits('011010'), watcher);
    expect(seen).toEqual([false, true, true, false, true, false]);
  });
});
