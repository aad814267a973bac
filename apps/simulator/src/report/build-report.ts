import { PLACEMENT_REASONS, WAITING_REASONS } from '@millrace/scheduling/policy';
import { CLASS_NAMES } from '../scenario/priority-classes.js';
import type { SimulationResult } from '../scenario/simulation.js';
import type { Series, Tallies, TenantTally } from '../scenario/tallies.js';
import type { SimulatedTask } from '../scenario/world.js';
import type { GroupFigures, PoolFigures, Report, ReportSeries, TenantFigures } from './report.js';
import { jainIndex, spreadOf } from './spread.js';

const MS_PER_S = 1_000;
const MS_PER_HOUR = 3_600_000;

/** The figures of a run, whole or stopped. */
export function buildReport(result: SimulationResult): Report {
  const { scenario, tasks, tallies, endedMs } = result;
  const completed = tasks.filter(({ state }) => state === 'completed').length;
  const running = tasks.filter(({ state }) => state === 'running').length;
  const usd = sumOf(tallies.poolUsd.values());
  return {
    scenario: scenario.name,
    description: scenario.description,
    seed: scenario.seed,
    complete: result.complete,
    simulatedS: endedMs / MS_PER_S,
    events: result.events,
    cycles: tallies.cycles,
    decisions: tallies.decisions,
    tasks: {
      arrived: tasks.length,
      completed,
      running,
      waiting: tasks.length - completed - running,
      completedPerHour: ratio(completed * MS_PER_HOUR, endedMs),
    },
    all: groupFigures(tasks, endedMs),
    ...groups(result),
    utilisation: ratio(tallies.busyGpuMs, tallies.readyGpuMs),
    gpuSeconds: gpuSecondsOf(result),
    costUsd: { total: usd, perCompletedTask: ratio(usd, completed) },
    pools: Object.fromEntries(scenario.pools.map(({ name }) => [name, poolFigures(name, tallies)])),
    waitedTaskSeconds: byName(
      Object.keys(WAITING_REASONS),
      (code) => (tallies.waitedMsByReason.get(code) ?? 0) / MS_PER_S,
    ),
    placements: byName(PLACEMENT_REASONS, (reason) => tallies.placements.get(reason) ?? 0),
    preemptions: tallies.preemptions,
    interruptions: tallies.interruptions,
    workersLost: tallies.workersLost,
    attemptsLost: tallies.attemptsLost,
    fairness: fairnessOf(result),
    series: seriesOf(tallies.series, endedMs),
  };
}

function groups({
  scenario,
  tasks,
  tallies,
  endedMs,
}: SimulationResult): Pick<Report, 'classes' | 'tenants' | 'taskTypes'> {
  const byClass = Map.groupBy(tasks, ({ className }) => className);
  const byTenant = Map.groupBy(tasks, ({ tenant }) => tenant.name);
  const byType = Map.groupBy(tasks, ({ type }) => type.name);
  return {
    classes: byName(CLASS_NAMES, (name) => groupFigures(byClass.get(name) ?? [], endedMs)),
    tenants: Object.fromEntries(
      scenario.tenants.map(({ name, weight }) => [
        name,
        tenantFigures(byTenant.get(name) ?? [], endedMs, tallies.tenants.get(name), weight),
      ]),
    ),
    taskTypes: byName(
      scenario.taskTypes.map(({ name }) => name),
      (name) => groupFigures(byType.get(name) ?? [], endedMs),
    ),
  };
}

function groupFigures(tasks: readonly SimulatedTask[], endedMs: number): GroupFigures {
  const ended = tasks.filter(({ endedMs: at }) => at !== undefined);
  return {
    arrived: tasks.length,
    completed: ended.length,
    waitS: spreadOf(tasks.map(({ arrivedMs, firstStartMs }) => (firstStartMs ?? endedMs) - arrivedMs)),
    completionS: spreadOf(ended.map(({ arrivedMs, endedMs: at }) => (at ?? endedMs) - arrivedMs)),
  };
}

function tenantFigures(
  tasks: readonly SimulatedTask[],
  endedMs: number,
  tally: TenantTally | undefined,
  weight: number,
): TenantFigures {
  return {
    ...groupFigures(tasks, endedMs),
    gpuSeconds: sumOf(tasks.map(gpuMsOf)) / MS_PER_S,
    gpusPerWeightWhileWaiting: ratio(tally?.backloggedGpuMs ?? 0, (tally?.backloggedMs ?? 0) * weight),
  };
}

function poolFigures(name: string, tallies: Tallies): PoolFigures {
  const readyMs = tallies.poolReadyGpuMs.get(name) ?? 0;
  return {
    costUsd: tallies.poolUsd.get(name) ?? 0,
    utilisation: ratio(tallies.poolBusyGpuMs.get(name) ?? 0, readyMs),
    readyGpuHours: readyMs / MS_PER_HOUR,
  };
}

function gpuSecondsOf({ tasks, tallies }: SimulationResult): Report['gpuSeconds'] {
  const used = sumOf(tasks.map(gpuMsOf)) / MS_PER_S;
  const running = sumOf(tasks.map(({ attempt }) => attempt?.loadGpuMs ?? 0));
  const loading = (tallies.loadGpuMs + running) / MS_PER_S;
  const lost = tallies.lostGpuMs / MS_PER_S;
  const wasted = loading + lost;
  return { ready: tallies.readyGpuMs / MS_PER_S, used, useful: used - wasted, loading, lost, wasted };
}

function fairnessOf({ scenario, tasks, tallies }: SimulationResult): Report['fairness'] {
  const byTenant = Map.groupBy(
    tasks.filter(({ state }) => state === 'completed'),
    ({ tenant }) => tenant.name,
  );
  const shares = scenario.tenants.flatMap(({ name, weight }) => {
    const tally = tallies.tenants.get(name);
    return tally === undefined || tally.backloggedMs === 0
      ? []
      : [tally.backloggedGpuMs / (tally.backloggedMs * weight)];
  });
  const slowdowns = [...byTenant.values()].map((own) =>
    ratio(
      sumOf(own.map(({ arrivedMs, endedMs }) => (endedMs ?? arrivedMs) - arrivedMs)),
      sumOf(own.map(({ serviceMs }) => serviceMs)),
    ),
  );
  return { jainShare: jainIndex(shares), jainSlowdown: jainIndex(slowdowns) };
}

/** The charts of a run that was stopped end where it ended. */
function seriesOf(series: Series, endedMs: number): ReportSeries {
  const points = Math.ceil(endedMs / series.stepMs - 1e-9);
  const shown = (values: Float64Array): readonly number[] => Array.from(values.subarray(0, points));
  let sum = 0;
  return {
    stepS: series.stepMs / MS_PER_S,
    waiting: byName(CLASS_NAMES, (name) => shown(series.waiting[name])),
    busyGpus: shown(series.busyGpus),
    readyGpus: shown(series.readyGpus),
    bootingGpus: shown(series.bootingGpus),
    costUsd: shown(series.usd).map((usd) => (sum += usd)),
  };
}

function gpuMsOf({ gpuMs, attempt }: SimulatedTask): number {
  return gpuMs + (attempt?.gpuMs ?? 0);
}

function byName<Name extends string, Value>(
  names: readonly Name[],
  valueOf: (name: Name) => Value,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(names.map((name) => [name, valueOf(name)]));
}

function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
