import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RegimeFit } from '@millrace/capacity/policy';
import { seededRng } from '@millrace/kernel';
import type { BenchmarkCell, BenchmarkRow, CellOptions } from '../../bench/benchmark-cell.js';
import { readZoneTraces, type ZoneTrace } from '../../traces/zone-traces.js';
import { omniscientCostUsd } from './baselines/omniscient-zones.js';
import { cheapestAndStay, onDemandOnly, uniformProgress } from './baselines/zone-baselines.js';
import { causalBound, BOUND_ZONES_MAX } from './causal-bound.js';
import { millraceZones } from './millrace-zones.js';
import { runZoneJob, type ZonePolicy, type ZoneWindow } from './run-zone-job.js';
import { windowStarts, zoneCases, zoneJobOf, type ZoneCase } from './zone-cases.js';
import { zoneFitSource, type ZoneFitSource } from './zone-fits.js';
import { meanUsd, meanWithMovesUsd, zoneTable, type ZoneFigures, type ZoneResult } from './zone-table.js';

const SEED = 1;

/** Cell S (scheduling.md section 2): one job over several zones with recorded capacity and prices. */
export const spotMultiZoneCell: BenchmarkCell = {
  name: 'S',
  async *run({ dataFolder, zones, ratio, fit, progress }: CellOptions) {
    const folder = folderOf(dataFolder);
    const cases = zoneCases(zones, ratio);
    const source = zoneFitSource(fit, folder, [...new Set(cases.flatMap((each) => each.zones))]);
    const results: ZoneResult[] = [];
    for (const zoneCase of cases) {
      const traces = readZoneTraces(folder, zoneCase.zones);
      const figures: ZoneFigures[] = [];
      for (const run of runsOf(zoneCase, traces, source)) {
        progress(`${zoneCase.name}: ${run.policy}`);
        const own = { policy: run.policy, outcomes: run.outcomes() };
        figures.push(own);
        yield* rowsOf(zoneCase, own);
      }
      results.push({ zoneCase, figures, ...boundOf(zoneCase, traces, source, progress) });
    }
    return { markdown: zoneTable(results, source.words) };
  },
};

function folderOf(dataFolder: string): string {
  const inside = join(dataFolder, 'spot-multi-zone-h100');
  return existsSync(inside) ? inside : dataFolder;
}

/** A policy of a case, run when it is asked for its outcomes. */
interface ZoneRun {
  readonly policy: string;
  outcomes(): ZoneFigures['outcomes'];
}

function runsOf({ ratio }: ZoneCase, traces: readonly ZoneTrace[], { fit }: ZoneFitSource): readonly ZoneRun[] {
  const job = zoneJobOf(ratio, traces[0]?.tickSeconds ?? fit.tickSeconds);
  const starts = windowStarts(traces[0]?.available.length ?? 0);
  const windows = starts.map((firstTick): ZoneWindow => ({ traces, firstTick }));
  const run = (policy: ZonePolicy): ZoneRun => ({
    policy: policy.name,
    outcomes: () => windows.map((window) => runZoneJob(job, window, policy)),
  });
  const optimum = (window: ZoneWindow): ZoneFigures['outcomes'][number] => {
    const costUsd = omniscientCostUsd(job, window);
    return { costUsd, missed: costUsd === Infinity, launches: 0, moves: 0, probesUsd: 0 };
  };
  return [
    run(onDemandOnly),
    run(cheapestAndStay),
    run(uniformProgress),
    { policy: 'omniscient', outcomes: () => windows.map(optimum) },
    run(millraceZones('millrace', fit, 'before')),
    run(millraceZones('millrace-no-past', fit, 'none')),
    run(millraceZones('knows-the-chances', fit, 'everything')),
  ];
}

function boundOf(
  { name, zones, ratio, anchors }: ZoneCase,
  traces: readonly ZoneTrace[],
  { fit }: ZoneFitSource,
  progress: CellOptions['progress'],
): Pick<ZoneResult, 'bound'> {
  if (anchors === undefined || zones.length > BOUND_ZONES_MAX) return {};
  progress(`${name}: causal bound`);
  const job = zoneJobOf(ratio, traces[0]?.tickSeconds ?? fit.tickSeconds);
  const knowing = (regimes: RegimeFit): ZonePolicy => millraceZones('bound', regimes, 'before');
  return { bound: causalBound(job, traces, knowing, seededRng(SEED)) };
}

function rowsOf({ name }: ZoneCase, figures: ZoneFigures): readonly BenchmarkRow[] {
  const misses = figures.outcomes.filter(({ missed }) => missed).length;
  const row = (metric: string, value: number): BenchmarkRow => ({
    cell: 'S',
    case: name,
    policy: figures.policy,
    metric,
    value,
    misses,
  });
  const rows = [row('costUsd', meanUsd(figures))];
  if (figures.policy === 'omniscient') return rows;
  return [...rows, row('costWithMovesUsd', meanWithMovesUsd(figures))];
}
