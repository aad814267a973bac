import type { BenchmarkRow } from '../../bench/benchmark-cell.js';
import { TOLD_EVERY } from './millrace-requests.js';

/** By which the trace of the anchors is known. */
const NO_QUEUE_SECONDS = 3_793;
/** What scheduling.md section 2 gives for the cluster's jobs: mean completion time, seconds. */
const ANCHORS: Readonly<Record<string, number>> = {
  'no-queue': NO_QUEUE_SECONDS,
  fifo: 330_581,
  'fifo-backfill': 43_625,
  'shortest-first': 13_933,
  '2d-las': 12_353,
  'shortest-remaining': 9_088,
};
const TARGET_TIMES = 1.15;

/** The section of docs/benchmarks/scheduling.md: every policy beside the anchors and targets. */
export function queueingTable(rows: readonly BenchmarkRow[]): string {
  const requests = [...new Set(rows.map((row) => row.case))].filter((name) => name.startsWith('requests/'));
  return [...requests.map((name) => requestSection(rows, name)), gangSection(rows)]
    .filter((section) => section !== '')
    .join('\n\n');
}

const REQUEST_COLUMNS = [
  ['mean wait (s)', 'waitSeconds', 1],
  ['p99 wait (s)', 'waitP99Seconds', 0],
  ['within 1.5×', 'within1.5', 3],
  ['within 3×', 'within3', 3],
  ["Jain's index", 'jain', 3],
  ['switching (GPU-s)', 'switchGpuSeconds', 0],
] as const;

function requestSection(rows: readonly BenchmarkRow[], name: string): string {
  const own = rows.filter((row) => row.case === name);
  const value = (policy: string, metric: string): number =>
    own.find((row) => row.policy === policy && row.metric === metric)?.value ?? Number.NaN;
  const policies = [...new Set(own.map(({ policy }) => policy))];
  const lines = policies.map(
    (policy) =>
      `| ${policy} | ${REQUEST_COLUMNS.map(([, metric, digits]) => shown(value(policy, metric), digits)).join(' | ')} |`,
  );
  const waits = value('millrace', 'waitSeconds');
  const bar = value('shortest-remaining', 'waitSeconds');
  const switching = value('millrace', 'switchGpuSeconds') / value('fifo', 'switchGpuSeconds');
  return [
    `### ${name}`,
    '',
    table(['policy', ...REQUEST_COLUMNS.map(([heading]) => heading)], lines),
    '',
    `Targets: mean wait ≤ 1.15 × shortest remaining service = ${shown(TARGET_TIMES * bar, 1)} s: ours ${shown(waits, 1)} s, ` +
      `${met(waits <= TARGET_TIMES * bar)}. Switching ≤ half of FIFO's: ${shown(100 * switching, 1)} %, ${met(switching <= 0.5)}. ` +
      `Jain's index ≥ FIFO's: ${met(value('millrace', 'jain') >= value('fifo', 'jain'))}. ` +
      `Told at arrival (every ${TOLD_EVERY}th request): ${shown(100 * value('millrace', 'etaWithinP90'), 1)} % ended within the p90 of their estimate; the median range from p50 to p90 is ${shown(value('millrace', 'etaWidth'), 1)} times the p50. ` +
      `\`shortest-with-switch\` is a bar beyond the specification's: it sees true service and true switch times.`,
  ].join('\n');
}

function gangSection(rows: readonly BenchmarkRow[]): string {
  const own = rows.filter((row) => row.case === 'cluster-jobs');
  if (own.length === 0) return '';
  const value = (policy: string, metric: string): number | undefined =>
    own.find((row) => row.policy === policy && row.metric === metric)?.value;
  const policies = [...new Set(own.map(({ policy }) => policy))];
  const anchors = Math.abs((value('no-queue', 'jctSeconds') ?? 0) - NO_QUEUE_SECONDS) < 1 ? ANCHORS : {};
  const lines = policies.map((policy) => {
    const anchor = anchors[policy];
    const measured = value(policy, 'jctSeconds') ?? Number.NaN;
    const apart = anchor === undefined ? '' : `${shown(100 * (measured / anchor - 1), 2)} %`;
    const longest = value(policy, 'longestWaitSeconds');
    const days = longest === undefined ? '' : shown(longest / 86_400, 1);
    return `| ${policy} | ${anchor === undefined ? '' : shown(anchor, 0)} | ${shown(measured, 1)} | ${apart} | ${days} |`;
  });
  return [
    '### cluster-jobs',
    '',
    table(['policy', 'anchor, mean completion (s)', 'measured (s)', 'apart', 'longest wait (days)'], lines),
    '',
    [anchors['shortest-remaining'], value('shortest-remaining', 'jctSeconds')]
      .filter((bar) => bar !== undefined)
      .map((bar) => verdict(bar, value('millrace', 'jctSeconds'), value('millrace-true-lengths', 'jctSeconds')))
      .join(' '),
    '`millrace` learns lengths from the past alone; `millrace-true-lengths` is the same order, told the true lengths. Both',
    'let a job that has waited for a week go first.',
  ].join('\n');
}

function verdict(bar: number, learnt = Number.NaN, told = Number.NaN): string {
  const target = TARGET_TIMES * bar;
  return (
    `Against 1.15 × ${shown(bar, 0)} = ${shown(target, 0)} s: learnt ${shown(learnt, 0)} s, ${met(learnt <= target)}; ` +
    `told ${shown(told, 0)} s, ${met(told <= target)}.`
  );
}

function table(headings: readonly string[], lines: readonly string[]): string {
  const dashes = headings.map((_, column) => (column === 0 ? '---' : '---:'));
  return [`| ${headings.join(' | ')} |`, `| ${dashes.join(' | ')} |`, ...lines].join('\n');
}

function met(yes: boolean): string {
  return yes ? 'met' : 'not met';
}

function shown(value: number, digits: number): string {
  if (Number.isNaN(value)) return '–';
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
