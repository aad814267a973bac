import { describe, expect, it } from '@jest/globals';
import { SpeedRun } from './speed-run.js';
import { speedQuotas, speedWorkers } from './speed-world.js';

const SIZE = { pending: 3_000, nodes: 200, tenants: 16 };

describe('the world of the speed cell', () => {
  it('has as many machines as asked for, in all pools, and quotas for half of the tenants', () => {
    const workers = speedWorkers(SIZE);
    expect(workers).toHaveLength(200);
    expect(new Set(workers.map(({ pool }) => pool)).size).toBe(5);
    expect(speedQuotas(SIZE)).toHaveLength(8);
  });
});

describe('a run of the speed cell', () => {
  let ticks = 0;
  const clock = { monotonicMs: () => (ticks += 0.25) };
  const figures = new SpeedRun(SIZE, clock, clock.monotonicMs, 7).measure(30, () => undefined);

  it('fills the cluster with gangs and all, and keeps it full', () => {
    expect(figures.gpusBusyPercent).toBeGreaterThan(80);
    expect(figures.gangsPlaced).toBeGreaterThan(5);
    expect(figures.placed).toBeGreaterThan(1_000);
  });

  it('counts placements by the time in the cycle', () => {
    // A cycle takes one tick of this clock, and places 100 tasks at most.
    expect(figures.cycleP99Ms).toBe(0.25);
    // The clock of CPU time is the same one: the wall clock is read twice in between.
    expect(figures.cycleCpuP99Ms).toBe(0.75);
    expect(figures.lookedAtPerCpuSecond).toBeGreaterThan(figures.steadyPerCpuSecond);
    expect(figures.steadyPerSecond).toBeGreaterThan(40_000);
    expect(figures.steadyPerSecond).toBeLessThanOrEqual(400_000);
    expect(figures.withUpdatesPerSecond).toBeLessThan(figures.steadyPerSecond);
  });
});
