import type { DeadlineJob } from '@millrace/capacity/policy';
import { zoneTickPrice } from '@millrace/capacity/policy';
import { offersAt, type ZoneWindow } from '../run-zone-job.js';

/** Work units of one job that the programme is solved for. */
const UNITS_MAX = 200_000;

/**
 * The least cost in dollars of a job by anyone who knows the window: backward induction over (tick, work left, mode,
 * ticks since the launch). Exact where changeover and tick have a common divisor of whole seconds: progress then comes
 * in such units.
 */
export function omniscientCostUsd(job: DeadlineJob, window: ZoneWindow): number {
  const unit = greatestDivisor(Math.round(job.tickSeconds), Math.round(job.changeoverSeconds));
  const units = Math.ceil(job.workSeconds / unit - 1e-9);
  if (units > UNITS_MAX) throw new RangeError(`${units} units of work; at most ${UNITS_MAX} can be solved.`);
  const steps = progressSteps(job, unit);
  const modes = window.traces.length + 1;
  const size = units + 1;
  // `free[w]`: least cost from here on with nothing running; `running[mode][age][w]`: with an instance of that age.
  let free = new Float64Array(size).fill(Infinity);
  free[0] = 0;
  let running = instances(modes, steps.length, size, free);
  for (let tick = job.deadlineTicks - 1; tick >= 0; tick--) {
    const prices = tickPrices(job, window, tick);
    const before = free.slice();
    for (let mode = 0; mode < modes; mode++) {
      const launch = running[mode]?.[Math.min(1, steps.length - 1)];
      if (launch !== undefined) takeLeast(before, launch, steps[0] ?? 0, prices[mode] ?? Infinity);
    }
    running = running.map((ages, mode) =>
      ages.map((_, age) => {
        const cost = before.slice();
        const next = ages[Math.min(age + 1, steps.length - 1)];
        if (next !== undefined) takeLeast(cost, next, steps[age] ?? 0, prices[mode] ?? Infinity);
        return cost;
      }),
    );
    free = before;
  }
  return free[units] ?? Infinity;
}

/** `cost[w]` becomes the lesser of itself and of a tick at `price` that makes `step` units of progress. */
function takeLeast(cost: Float64Array, next: Float64Array, step: number, price: number): void {
  if (price === Infinity) return;
  for (let left = 1; left < cost.length; left++) {
    const then = price + (next[left > step ? left - step : 0] ?? Infinity);
    if (then < (cost[left] ?? Infinity)) cost[left] = then;
  }
}

function instances(modes: number, ages: number, size: number, end: Float64Array): Float64Array[][] {
  if (end.length !== size) throw new RangeError('The end has another size than the programme.');
  return Array.from({ length: modes }, () => Array.from({ length: ages }, () => end.slice()));
}

/** Units of progress in the first, second, … tick of an instance; the last entry holds for every later tick. */
function progressSteps(job: DeadlineJob, unit: number): readonly number[] {
  const ticks = Math.ceil(job.changeoverSeconds / job.tickSeconds) + 1;
  return Array.from({ length: ticks }, (_, age) => {
    const seconds = Math.min(job.tickSeconds, Math.max(0, (age + 1) * job.tickSeconds - job.changeoverSeconds));
    return Math.floor(seconds / unit + 1e-9);
  });
}

/** Price of the tick in each zone, Infinity without capacity; on-demand last. */
function tickPrices(job: DeadlineJob, window: ZoneWindow, tick: number): readonly number[] {
  const offers = offersAt(window, tick);
  const spot = offers.map(({ spotAvailable }, zone) => (spotAvailable ? zoneTickPrice(job, offers, zone) : Infinity));
  return [...spot, zoneTickPrice(job, offers, 'onDemand')];
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
