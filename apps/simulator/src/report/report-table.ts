import type { GroupFigures, Report } from './report.js';
import type { Spread } from './spread.js';

const HOUR_S = 3_600;
const MINUTE_S = 60;

/** A report for a terminal. */
export function reportTable(report: Report): string {
  return `${[heading(report), ...groupTables(report), reasons(report), totals(report)].join('\n\n')}\n`;
}

function heading({ scenario, description, seed, complete, simulatedS, events, cycles, tasks }: Report): string {
  const lines = [
    `${scenario}${complete ? '' : '  (stopped: figures so far)'}`,
    ...(description === '' ? [] : [description.trim()]),
    `${showDuration(simulatedS)} simulated, seed ${seed}, ${count(events)} events, ${count(cycles)} cycles`,
    `${count(tasks.arrived)} tasks: ${count(tasks.completed)} completed (${figure(tasks.completedPerHour)}/h), ` +
      `${count(tasks.running)} running, ${count(tasks.waiting)} waiting`,
  ];
  return lines.join('\n');
}

function groupTables(report: Report): readonly string[] {
  return [
    groupTable('class', report.classes),
    groupTable('tenant', report.tenants),
    groupTable('task type', report.taskTypes),
  ];
}

function groupTable(title: string, groups: Readonly<Record<string, GroupFigures>>): string {
  const shown = Object.entries(groups).filter(([, { arrived }]) => arrived > 0);
  const columns = ['tasks', 'done', 'wait p50', 'p95', 'p99', 'max', 'completion p50', 'p95'];
  const rows = shown.map(([name, { arrived, completed, waitS, completionS }]) => [
    name,
    count(arrived),
    count(completed),
    ...[waitS.p50, waitS.p95, waitS.p99, waitS.max].map(showDuration),
    ...([completionS.p50, completionS.p95] satisfies readonly Spread['p50'][]).map(showDuration),
  ]);
  return columnsOf([[title, ...columns], ...rows]);
}

/** Reasons that held at all, the most first. */
function reasons({ waitedTaskSeconds, placements }: Report): string {
  const waited = Object.entries(waitedTaskSeconds).filter(([, seconds]) => seconds > 0);
  const total = waited.reduce((sum, [, seconds]) => sum + seconds, 0);
  const placed = Object.entries(placements).filter(([, times]) => times > 0);
  const rows = [
    ...waited
      .toSorted(([, a], [, b]) => b - a)
      .map(([code, seconds]) => [code, `${figure(seconds / HOUR_S)} h`, percent(seconds / total)]),
  ];
  return [
    columnsOf([['waiting, by reason', 'task-hours', ''], ...rows]),
    columnsOf([
      ['placed, by reason', 'times'],
      ...placed.toSorted(([, a], [, b]) => b - a).map(([reason, times]) => [reason, count(times)]),
    ]),
  ].join('\n\n');
}

function totals(report: Report): string {
  const { gpuSeconds, costUsd, fairness } = report;
  const pools = Object.entries(report.pools).map(([name, pool]) => [
    name,
    percent(pool.utilisation),
    figure(pool.readyGpuHours),
    `$${pool.costUsd.toFixed(2)}`,
  ]);
  const all = ['all', percent(report.utilisation), figure(gpuSeconds.ready / HOUR_S), `$${costUsd.total.toFixed(2)}`];
  const used = gpuSeconds.used;
  return [
    columnsOf([['pool', 'busy', 'GPU-hours', 'cost'], ...pools, ...(pools.length > 1 ? [all] : [])]),
    '',
    `GPU time used ${figure(used / HOUR_S)} h: ${percent(share(gpuSeconds.useful, used))} useful, ` +
      `${percent(share(gpuSeconds.loading, used))} loading models, ${percent(share(gpuSeconds.lost, used))} lost with workers`,
    `Cost of a completed task $${costUsd.perCompletedTask.toFixed(4)}`,
    `Preemptions ${count(report.preemptions)}, interruptions ${count(report.interruptions)}, ` +
      `workers lost ${count(report.workersLost)}, attempts lost ${count(report.attemptsLost)}`,
    `Fairness over tenants (Jain): share ${fairness.jainShare.toFixed(3)}, slowdown ${fairness.jainSlowdown.toFixed(3)}`,
  ].join('\n');
}

/** Lines of equal columns: the first to the left, figures to the right. */
export function columnsOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `850 ms`, `42.0 s`, `12 m 05 s`, `3 h 20 m`. */
export function showDuration(seconds: number): string {
  if (seconds === 0) return '0 s';
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < MINUTE_S) return `${seconds.toFixed(1)} s`;
  if (seconds < HOUR_S) {
    const whole = Math.round(seconds);
    return `${Math.floor(whole / MINUTE_S)} m ${String(whole % MINUTE_S).padStart(2, '0')} s`;
  }
  const minutes = Math.round(seconds / MINUTE_S);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} m`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function figure(value: number): string {
  return value >= 100 ? count(value) : value.toFixed(value >= 10 ? 1 : 2);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
