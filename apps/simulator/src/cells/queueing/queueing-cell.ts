import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DEFAULT_ORDERING, type OrderingPolicy } from '@millrace/scheduling/policy';
import { UsageError } from '../../command-line/usage-error.js';
import type { BenchmarkCell, BenchmarkRow, CellOptions } from '../../bench/benchmark-cell.js';
import { readClusterJobs, type ClusterJob } from '../../traces/cluster-jobs.js';
import { readDiffusionRequests, type DiffusionRequest } from '../../traces/diffusion-requests.js';
import { gangBaselines } from './baselines/gang-baselines.js';
import { Fifo, ShortestPredicted, ShortestRemaining, ShortestWithSwitch } from './baselines/request-baselines.js';
import { longestWaitSeconds, meanCompletionSeconds, simulateGangs } from './gang-simulation.js';
import { gangWorkload } from './gang-workload.js';
import { LearntRanks, MillraceGangs, TrueRanks } from './millrace-gangs.js';
import { MillraceRequests } from './millrace-requests.js';
import { queueingTable } from './queueing-table.js';
import { requestMetrics } from './request-metrics.js';
import { RequestSimulation, type RequestPolicy } from './request-simulation.js';
import { REQUEST_GPUS, requestWorkload } from './request-workload.js';

const LOADS = [0.7, 0.9, 1.1] as const;
/** A column that only this trace has. */
const REQUESTS_COLUMN = 'num_inference_steps';
const JOBS_COLUMN = 'num_gpus';
/** Training jobs last up to days: a job that has waited for a week goes first. */
const JOB_MAX_WAIT_DAYS = 7;

const JOB_ORDERING: OrderingPolicy = {
  ...DEFAULT_ORDERING,
  classes: new Map([[0, { maxWaitMs: JOB_MAX_WAIT_DAYS * 86_400_000 }]]),
};

/** Cell Q (scheduling.md section 2): order of service over text-to-image requests, and over gangs of a training cluster. */
export const queueingCell: BenchmarkCell = {
  name: 'Q',
  async *run({ dataFolder, progress }: CellOptions) {
    const requests = fileOf(dataFolder, 'diffusion-requests', REQUESTS_COLUMN);
    const jobs = fileOf(dataFolder, 'cluster-jobs', JOBS_COLUMN);
    if (requests === undefined && jobs === undefined) {
      throw new UsageError(
        `${dataFolder} holds no CSV file with a column ${REQUESTS_COLUMN} (diffusion-requests) or ${JOBS_COLUMN} (cluster-jobs).`,
      );
    }
    const rows: BenchmarkRow[] = [];
    for (const found of [
      requests === undefined ? [] : requestRows(readDiffusionRequests(requests), progress),
      jobs === undefined ? [] : gangRows(readClusterJobs(jobs), progress),
    ]) {
      for (const row of found) {
        rows.push(row);
        yield row;
      }
    }
    return { markdown: queueingTable(rows) };
  },
};

/** A CSV file with this column, in the folder or in its folder of this name; undefined where there is none. */
function fileOf(dataFolder: string, folder: string, column: string): string | undefined {
  const own = path.join(dataFolder, folder);
  const within = existsSync(own) ? own : dataFolder;
  const found = readdirSync(within)
    .filter((file) => file.endsWith('.csv') && headerOf(path.join(within, file)).includes(column))
    .toSorted();
  if (found.length > 1) throw new UsageError(`${within} holds ${found.join(' and ')}: leave one of them.`);
  return found[0] === undefined ? undefined : path.join(within, found[0]);
}

function headerOf(file: string): readonly string[] {
  return (readFileSync(file, 'utf8').split('\n', 1)[0] ?? '').trimEnd().split(',');
}

function* requestRows(
  requests: readonly DiffusionRequest[],
  progress: (text: string) => void,
): Generator<BenchmarkRow> {
  for (const load of LOADS) {
    const jobs = requestWorkload(requests, load, REQUEST_GPUS);
    const ours = new MillraceRequests(REQUEST_GPUS, DEFAULT_ORDERING);
    const policies: readonly RequestPolicy[] = [
      new Fifo(),
      new ShortestPredicted(),
      new ShortestRemaining(),
      new ShortestWithSwitch(),
      ours,
    ];
    for (const policy of policies) {
      progress(`requests at load ${load}: ${policy.name}`);
      const { within1_5, ...metrics } = requestMetrics(new RequestSimulation(jobs, policy, REQUEST_GPUS).run());
      const told = policy === ours && { etaWithinP90: ours.withinP90, etaWidth: ours.etaWidth };
      const figures = { ...metrics, 'within1.5': within1_5, ...told };
      for (const [metric, value] of Object.entries(figures)) {
        yield { cell: 'Q', case: `requests/${load}`, policy: policy.name, metric, value, misses: 0 };
      }
    }
  }
}

function* gangRows(trace: readonly ClusterJob[], progress: (text: string) => void): Generator<BenchmarkRow> {
  const { jobs, gpus } = gangWorkload(trace);
  const row = (policy: string, metric: string, value: number): BenchmarkRow => ({
    cell: 'Q',
    case: 'cluster-jobs',
    policy,
    metric,
    value,
    misses: 0,
  });
  const alone = jobs.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / jobs.length;
  yield row('no-queue', 'jctSeconds', alone);
  const policies = [
    ...gangBaselines(gpus),
    new MillraceGangs('millrace-true-lengths', gpus, JOB_ORDERING, new TrueRanks()),
    new MillraceGangs('millrace', gpus, JOB_ORDERING, new LearntRanks()),
  ];
  for (const policy of policies) {
    progress(`cluster jobs: ${policy.name}`);
    const outcomes = simulateGangs(jobs, policy, gpus);
    yield row(policy.name, 'jctSeconds', meanCompletionSeconds(outcomes));
    yield row(policy.name, 'longestWaitSeconds', longestWaitSeconds(outcomes));
  }
}
