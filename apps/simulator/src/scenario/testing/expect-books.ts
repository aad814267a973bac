import { expect } from '@jest/globals';
import type { Report } from '../../report/report.js';
import type { SimulationResult } from '../simulation.js';

/** What every run has to add up to: tasks, GPU time, cost, waits. */
export function expectBooks(report: Report, result: SimulationResult): void {
  const { tasks, gpuSeconds, costUsd, pools, series } = report;
  expect(tasks.completed + tasks.running + tasks.waiting).toBe(tasks.arrived);
  expect(gpuSeconds.used).toBeCloseTo(result.tallies.busyGpuMs / 1_000, 3);
  expect(gpuSeconds.used).toBeLessThanOrEqual(gpuSeconds.ready + 1e-6);
  expect(gpuSeconds.useful).toBeGreaterThanOrEqual(-1e-6);
  const done = result.tasks.filter(({ state }) => state === 'completed');
  const served = done.reduce((sum, { serviceMs }) => sum + serviceMs, 0) / 1_000;
  expect(served).toBeLessThanOrEqual(gpuSeconds.useful + 1e-3);
  expect(Object.values(pools).reduce((sum, pool) => sum + pool.costUsd, 0)).toBeCloseTo(costUsd.total, 9);
  expect(series.costUsd.at(-1)).toBeCloseTo(costUsd.total, 6);
  const busy = series.busyGpus.reduce((sum, gpus) => sum + gpus * series.stepS, 0);
  expect(busy).toBeCloseTo(gpuSeconds.used, 3);
  const queued = Object.values(series.waiting)
    .flat()
    .reduce((sum, count) => sum + count * series.stepS, 0);
  const waited = result.tasks.reduce(
    (sum, { waitedMs, state, waitingSinceMs }) =>
      sum + waitedMs + (state === 'waiting' ? result.endedMs - waitingSinceMs : 0),
    0,
  );
  expect(queued).toBeCloseTo(waited / 1_000, 3);
  const explained = Object.values(report.waitedTaskSeconds).reduce((sum, seconds) => sum + seconds, 0);
  expect(explained).toBeLessThanOrEqual(queued + 1e-6);
}
