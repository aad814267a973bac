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
  const figures = new SpeedRun(SIZE, systemClock, threadCpuMs, SEED).measure(STEADY_CYCLES, options.progress);
  const rssMiB = process.memoryUsage().rss / MIB;
  yield* rowsOf(figures, rssMiB);
  return { markdown: tableOf(figures, rssMiB) };
}

function threadCpuMs(): number {
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
    rssMiB,
    buildMs: figures.buildMs,
    gpusBusyPercent: figures.gpusBusyPercent,
  };
  return Object.entries(values).map(([metric, value]) => {
    return { cell: 'speed', case: CASE, policy: 'millrace', metric, value, misses: 0 };
  });
}

function tableOf(figures: SpeedFigures, rssMiB: number): string {
  const perSecond = (value: number): string => Math.round(value).toLocaleString('en-US');
  return `### Pure decisions

100,000 tasks wait (three classes, 64 tenants, half of them with a quota, 12 shapes from a quarter of a GPU to gangs of
16 × 8) for 10,000 nodes × 8 GPUs in five pools. One core; each cycle decides for 100 tasks. Full: before each cycle as
many tasks end and come as it places. What ends and comes is not in the first two lines. A decision is a placement:
tasks that wait are not counted.

| figure | measured | target |
|---|---|---|
| decisions/s, cluster full | ${perSecond(figures.steadyPerSecond)} | ≥ 500,000 |
| decisions per second that the thread had a core, cluster full | ${perSecond(figures.steadyPerCpuSecond)} | – |
| decisions/s, filling the empty cluster | ${perSecond(figures.fillingPerSecond)} | – |
| decisions/s with the updates between cycles | ${perSecond(figures.withUpdatesPerSecond)} | – |
| cycle of 100, p50 / p99 / longest, ms | ${figures.cycleP50Ms.toFixed(3)} / ${figures.cycleP99Ms.toFixed(3)} / ${figures.cycleMaxMs.toFixed(1)} | p99 ≤ 1 |
| setting up, with 100,000 tasks, ms | ${Math.round(figures.buildMs)} | – |
| memory of the process, MiB | ${Math.round(rssMiB)} | – |

${perSecond(figures.placed)} tasks were placed, ${perSecond(figures.gangsPlaced)} gangs among them; ${figures.gpusBusyPercent.toFixed(1)} % of the GPUs were busy at the end. Kueue's
large-scale test admits 34–43 workloads/s, kube-scheduler 90–330 pods/s: both with their stores, which these figures are
without.`;
}

/** Pure decisions per second, the length of a cycle, and memory (scheduling.md section 2, "Speed"). */
export const speedCell: BenchmarkCell = { name: 'speed', run };
