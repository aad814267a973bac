import { CLASS_NAMES, type ClassName } from './priority-classes.js';
import type { TenantSpec } from './scenario.js';

/** Points of a chart over the whole run. */
export const SERIES_POINTS = 240;

/** What holds at this moment. */
export interface Gauges {
  readonly waiting: Record<ClassName, number>;
  busyGpus: number;
  /** Of ready and draining workers. */
  readyGpus: number;
  bootingGpus: number;
  usdPerHour: number;
}

/** Averages over each stretch of the run, for the charts. */
export interface Series {
  readonly stepMs: number;
  readonly waiting: Readonly<Record<ClassName, Float64Array>>;
  readonly busyGpus: Float64Array;
  readonly readyGpus: Float64Array;
  readonly bootingGpus: Float64Array;
  /** Of this stretch alone. */
  readonly usd: Float64Array;
}

/** What a tenant had while it had work to wait for. */
export interface TenantTally {
  waiting: number;
  /** Time with a task in the queue. */
  backloggedMs: number;
  /** GPU-milliseconds held in that time. */
  backloggedGpuMs: number;
  busyGpus: number;
}

const MS_PER_HOUR = 3_600_000;

/** Counts and integrals over virtual time. Everything that changes a gauge first calls `advance`. */
export class Tallies {
  readonly gauges: Gauges = { waiting: byClass(() => 0), busyGpus: 0, readyGpus: 0, bootingGpus: 0, usdPerHour: 0 };
  readonly tenants: ReadonlyMap<string, TenantTally>;
  readonly poolUsd = new Map<string, number>();
  readonly poolUsdPerHour = new Map<string, number>();
  readonly poolBusyGpus = new Map<string, number>();
  readonly poolReadyGpus = new Map<string, number>();
  readonly poolBusyGpuMs = new Map<string, number>();
  readonly poolReadyGpuMs = new Map<string, number>();
  readonly placements = new Map<string, number>();
  readonly waitedMsByReason = new Map<string, number>();
  busyGpuMs = 0;
  readyGpuMs = 0;
  loadGpuMs = 0;
  lostGpuMs = 0;
  preemptions = 0;
  interruptions = 0;
  workersLost = 0;
  attemptsLost = 0;
  cycles = 0;
  decisions = 0;
  private nowMs = 0;
  readonly series: Series;

  constructor(durationMs: number, tenants: readonly TenantSpec[]) {
    const points = (): Float64Array => new Float64Array(SERIES_POINTS);
    this.series = {
      stepMs: Math.max(1, durationMs / SERIES_POINTS),
      waiting: byClass(points),
      busyGpus: points(),
      readyGpus: points(),
      bootingGpus: points(),
      usd: points(),
    };
    this.tenants = new Map(
      tenants.map(({ name }) => [name, { waiting: 0, backloggedMs: 0, backloggedGpuMs: 0, busyGpus: 0 }]),
    );
  }

  /** Adds up what has held since the last call. */
  advance(toMs: number): void {
    const stretchMs = toMs - this.nowMs;
    if (stretchMs <= 0) return;
    this.fillSeries(this.nowMs, toMs);
    this.nowMs = toMs;
    const { gauges } = this;
    this.busyGpuMs += gauges.busyGpus * stretchMs;
    this.readyGpuMs += gauges.readyGpus * stretchMs;
    addTimes(this.poolUsd, this.poolUsdPerHour, stretchMs / MS_PER_HOUR);
    addTimes(this.poolBusyGpuMs, this.poolBusyGpus, stretchMs);
    addTimes(this.poolReadyGpuMs, this.poolReadyGpus, stretchMs);
    for (const tenant of this.tenants.values()) {
      if (tenant.waiting === 0) continue;
      tenant.backloggedMs += stretchMs;
      tenant.backloggedGpuMs += tenant.busyGpus * stretchMs;
    }
  }

  private fillSeries(fromMs: number, toMs: number): void {
    const { series, gauges } = this;
    for (let atMs = fromMs; atMs < toMs;) {
      const point = Math.floor(atMs / series.stepMs);
      // A run that drains goes on past its duration: the charts end there.
      if (point >= SERIES_POINTS) return;
      const endMs = Math.min(toMs, (point + 1) * series.stepMs);
      const part = (endMs - atMs) / series.stepMs;
      for (const name of CLASS_NAMES) add(series.waiting[name], point, gauges.waiting[name] * part);
      add(series.busyGpus, point, gauges.busyGpus * part);
      add(series.readyGpus, point, gauges.readyGpus * part);
      add(series.bootingGpus, point, gauges.bootingGpus * part);
      add(series.usd, point, (gauges.usdPerHour * (endMs - atMs)) / MS_PER_HOUR);
      // Rounding may leave the end of a point where its begin is.
      atMs = Math.max(endMs, atMs + 1e-6);
    }
  }
}

/** Adds to a count by name. */
export function addTo(counts: Map<string, number>, name: string, amount: number): void {
  counts.set(name, (counts.get(name) ?? 0) + amount);
}

function addTimes(sums: Map<string, number>, rates: ReadonlyMap<string, number>, factor: number): void {
  for (const [name, rate] of rates) sums.set(name, (sums.get(name) ?? 0) + rate * factor);
}

function add(points: Float64Array, index: number, amount: number): void {
  points[index] = (points[index] ?? 0) + amount;
}

function byClass<Value>(make: () => Value): Record<ClassName, Value> {
  return { interactive: make(), normal: make(), low: make() };
}
