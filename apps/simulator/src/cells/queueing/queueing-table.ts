import type { BenchmarkRow } from '../../bench/benchmark-cell.js';
import { TOLD_EVERY } from './millrace-requests.js';

/** What scheduling.md section 2 gives for the cluster's jobs: mean completion time, seconds. */
const ANCHORS: Readonly<Record<string, number>> = {
  'no-queue': 3_793,
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
      `Told at arrival (every ${TOLD_EVERY}th request): ${shown(100 * value('millrace', 'etaWithinP90'), 1)} % ended within the p90 of their estimate. ` +
      `\`shortest-with-switch\` is a bar beyond the specification's: it sees true service and true switch times.`,
  ].join('\n');
}

function gangSection(rows: readonly BenchmarkRow[]): string {
  const own = rows.filter((row) => row.case === 'cluster-jobs');
  if (own.length === 0) return '';
  const value = (policy: string, metric: string): number | undefined =>
    own.find((row) => row.policy === policy && row.metric === metric)?.value;
  const policies = [...new Set(own.map(({ policy }) => policy))];
  const lines = policies.map((policy) => {
    const anchor = ANCHORS[policy];
    const ours = value(policy, 'jctSeconds') ?? Number.NaN;
    const apart = anchor === undefined ? '' : `${shown(100 * (ours / anchor - 1), 2)} %`;
    const longest = value(policy, 'longestWaitSeconds');
    const days = longest === undefined ? '' : shown(longest / 86_400, 1);
    return `| ${policy} | ${anchor === undefined ? '' : shown(anchor, 0)} | ${shown(ours, 1)} | ${apart} | ${days} |`;
  });
  const target = TARGET_TIMES * (ANCHORS['shortest-remaining'] ?? 0);
  const measured = TARGET_TIMES * (value('shortest-remaining', 'jctSeconds') ?? Number.NaN);
  const learnt = value('millrace', 'jctSeconds') ?? Number.NaN;
  const told = value('millrace-true-lengths', 'jctSeconds') ?? Number.NaN;
  return [
    '### cluster-jobs',
    '',
    table(['policy', 'anchor, mean completion (s)', 'measured (s)', 'apart', 'longest wait (days)'], lines),
    '',
    `Target: ≤ 1.15 × 9,088 = ${shown(target, 0)} s with a maximum wait. \`millrace\` learns lengths from the past alone ` +
      `(${shown(learnt, 0)} s, ${met(learnt <= target)}); \`millrace-true-lengths\` is the same order told the true lengths ` +
      `(${shown(told, 0)} s, ${met(told <= target)}). Our own run of shortest remaining service is lower than its anchor; ` +
      `against 1.15 × that (${shown(measured, 0)} s) the learnt order is ${met(learnt <= measured)}, the told one ${met(told <= measured)}.`,
  ].join('\n');
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
