import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchmarkCell, BenchmarkRow, CellOptions, CellTable } from '../../bench/benchmark-cell.js';
import { UsageError } from '../../command-line/usage-error.js';
import { readSpotEnvironments, type SpotEnvironment, type SpotWindow } from '../../traces/spot-windows.js';
import { omniscient } from './baselines/omniscient.js';
import { semiMarkovPolicy } from './baselines/semi-markov.js';
import { greedy, neverWait, onDemandOnly, uniformProgress } from './baselines/simple-policies.js';
import { millraceSpot } from './millrace-spot.js';
import { runJob, type SpotPolicy } from './run-job.js';
import { SPOT_CASES, type SpotCase } from './spot-cases.js';
import { fitSource, type FitSource, type KnownBefore } from './spot-fits.js';
import { summaryOf, spotTable, type PolicyFigures } from './spot-table.js';

/** Every third window is reported: lines 1, 4, 7, … (scheduling.md section 2). */
const WINDOW_STEP = 3;

/** An environment with its policies, which live as long as the cell runs. */
interface Track {
  readonly windows: readonly SpotWindow[];
  readonly policies: readonly SpotPolicy[];
}

/** Cell U (scheduling.md section 2): one zone, one job, over recorded windows. */
export const spotSingleZoneCell: BenchmarkCell = { name: 'U', run: (options) => runCases(SPOT_CASES, options) };

/** The rows and the table of some cases. */
export async function* runCases(
  cases: readonly SpotCase[],
  { dataFolder, fit, progress }: CellOptions,
): AsyncGenerator<BenchmarkRow, CellTable> {
  const environments = readSpotEnvironments(folderOf(dataFolder));
  assertLongEnough(environments, Math.max(...cases.map(({ job }) => job.deadlineTicks)));
  const source = fitSource(fit, environments);
  const tracks = tracksOf(environments, source);
  const figures: PolicyFigures[] = [];
  for (const spotCase of cases) {
    for (let index = 0; index < (tracks[0]?.policies.length ?? 0); index++) {
      progress(`${spotCase.name}: ${tracks[0]?.policies[index]?.name}`);
      const measured = measure(spotCase, tracks, index);
      figures.push(measured);
      yield* rowsOf(measured);
    }
  }
  const names = environments.map(({ name }) => name);
  return { markdown: spotTable(figures, names, source.words) };
}

function folderOf(dataFolder: string): string {
  const inside = join(dataFolder, 'spot-single-zone');
  return existsSync(inside) ? inside : dataFolder;
}

function assertLongEnough(environments: readonly SpotEnvironment[], deadlineTicks: number): void {
  for (const { name, windows } of environments) {
    const line = windows.findIndex((window) => window.length < deadlineTicks) + 1;
    if (line === 0) continue;
    const ticks = windows[line - 1]?.length ?? 0;
    throw new UsageError(`${name}.txt, line ${line}: ${ticks} ticks are less than the deadline of ${deadlineTicks}.`);
  }
}

/** Environments of which the same is known share their policies, and so the programmes that these solve. */
function tracksOf(environments: readonly SpotEnvironment[], source: FitSource): readonly Track[] {
  const shared = new Map<KnownBefore, readonly SpotPolicy[]>();
  return environments.map((environment) => {
    const known = source.knownFor(environment);
    const policies = shared.get(known) ?? policiesWith(known);
    shared.set(known, policies);
    return { windows: environment.windows.filter((_, index) => index % WINDOW_STEP === 0), policies };
  });
}

function policiesWith({ fit, chain, stateOf }: KnownBefore): readonly SpotPolicy[] {
  const learned = [semiMarkovPolicy(chain, stateOf), omniscient, millraceSpot(fit)];
  return [onDemandOnly, greedy, uniformProgress, neverWait, ...learned];
}

/** One policy of a case over the windows of every environment. */
function measure(spotCase: SpotCase, tracks: readonly Track[], index: number): PolicyFigures {
  let misses = 0;
  const costs = tracks.map(({ windows, policies }) =>
    windows.map((window) => {
      const { costUsd, missed } = runJob(spotCase.job, window, policies[index]!);
      if (missed) misses++;
      return costUsd;
    }),
  );
  return { spotCase, policy: tracks[0]?.policies[index]?.name ?? '', costs, misses };
}

function rowsOf(figures: PolicyFigures): readonly BenchmarkRow[] {
  const { spotCase, policy, misses } = figures;
  const { costUsd, p95Usd } = summaryOf(figures);
  return Object.entries({ costUsd, p95Usd }).map(([metric, value]) => ({
    cell: 'U',
    case: spotCase.name,
    policy,
    metric,
    value,
    misses,
  }));
}
