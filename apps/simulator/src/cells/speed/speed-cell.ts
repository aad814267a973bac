import os from 'node:os';
import { systemClock } from '@millrace/kernel';
import type { BenchmarkCell, BenchmarkRow, CellOptions, CellTable } from '../../bench/benchmark-cell.js';
import { SpeedRun, type SpeedFigures } from './speed-run.js';

const SIZE = { pending: 100_000, nodes: 10_000, tenants: 64 };
const CASE = '100000x10000';
/** Cycles with the cluster full. */
const STEADY_CYCLES = 5_000;
const SEED = 42;
const MIB = 1024 * 1024;

async function* run(options: CellOptions): AsyncGenerator<BenchmarkRow, CellTable> {
  const [load = 0] = os.loadavg();
  const figures = new SpeedRun(SIZE, systemClock, threadCpuMs, SEED).measure(STEADY_CYCLES, options.progress);
  const rssMiB = process.memoryUsage().rss / MIB;
  yield* rowsOf(figures, rssMiB);
  return { markdown: tableOf(figures, rssMiB, load) };
}

function threadCpuMs(): number {
  // A thread's own time is brought up to date by the kernel's tick, every 4 ms, or when the process asks for all of it.
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function rowsOf(figures: SpeedFigures, rssMiB: number): readonly BenchmarkRow[] {
  const values = {
    decisionsPerSecond: figures.steadyPerSecond,
    decisionsPerCpuSecond: figures.steadyPerCpuSecond,
    decisionsPerSecondFilling: figures.fillingPerSecond,
    decisionsPerSecondWithUpdates: figures.withUpdatesPerSecond,
    cycleP50Ms: figures.cycleP50Ms,
    cycleP99Ms: figures.cycleP99Ms,
    cycleMaxMs: figures.cycleMaxMs,
    cycleCpuP50Ms: figures.cycleCpuP50Ms,
    cycleCpuP99Ms: figures.cycleCpuP99Ms,
    cycleCpuMaxMs: figures.cycleCpuMaxMs,
    lookedAtPerCpuSecond: figures.lookedAtPerCpuSecond,
    rssMiB,
    buildMs: figures.buildMs,
    gpusBusyPercent: figures.gpusBusyPercent,
  };
  return Object.entries(values).map(([metric, value]) => {
    return { cell: 'speed', case: CASE, policy: 'millrace', metric, value, misses: 0 };
  });
}

function tableOf(figures: SpeedFigures, rssMiB: number, load: number): string {
  const perSecond = (value: number): string => Math.round(value).toLocaleString('en-US');
  return `### Pure decisions

100,000 tasks wait (three classes, 64 tenants, half of them with a quota, 12 shapes from a quarter of a GPU to gangs of
16 × 8) for 10,000 nodes × 8 GPUs in five pools. One core; each cycle decides for 100 tasks. Full: before each cycle as
many tasks end and come as it places; what ends and comes is in the line that says so only. A decision is a placement.
CPU time is what the thread had a core for: on a machine that runs other things, the clock counts those too.

| figure | measured | target |
|---|---|---|
| decisions/s, cluster full | ${perSecond(figures.steadyPerSecond)} | ≥ 500,000 |
| decisions per second of CPU time, cluster full | ${perSecond(figures.steadyPerCpuSecond)} | – |
| the same with tasks that were looked at and told why they wait | ${perSecond(figures.lookedAtPerCpuSecond)} | – |
| decisions/s, filling the empty cluster | ${perSecond(figures.fillingPerSecond)} | – |
| decisions/s with the updates between cycles | ${perSecond(figures.withUpdatesPerSecond)} | – |
| cycle of 100, p50 / p99 / longest, ms | ${spread(figures.cycleP50Ms, figures.cycleP99Ms, figures.cycleMaxMs)} | p99 ≤ 1 |
| the same in CPU time, ms | ${spread(figures.cycleCpuP50Ms, figures.cycleCpuP99Ms, figures.cycleCpuMaxMs)} | – |
| setting up, with 100,000 tasks, ms | ${Math.round(figures.buildMs)} | – |
| memory of the process, MiB | ${Math.round(rssMiB)} | – |
| what else ran on the machine: load before the run, cores | ${load.toFixed(1)}, ${os.availableParallelism()} | – |

${perSecond(figures.placed)} tasks were placed, ${perSecond(figures.gangsPlaced)} gangs among them; ${figures.gpusBusyPercent.toFixed(1)} % of the GPUs were busy at the end. Kueue's
large-scale test admits 34–43 workloads/s, kube-scheduler 90–330 pods/s: both with their stores, which these figures are
without.`;
}

function spread(p50: number, p99: number, max: number): string {
  return `${p50.toFixed(3)} / ${p99.toFixed(3)} / ${max.toFixed(1)}`;
}

/** Pure decisions per second, the length of a cycle, and memory (scheduling.md section 2, "Speed"). */
export const speedCell: BenchmarkCell = { name: 'speed', run };
