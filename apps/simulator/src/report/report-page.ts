import { WAITING_REASONS } from '@millrace/scheduling/policy';
import { chartFigure, escapeHtml, type Chart } from './chart.js';
import type { Verdict } from './check-expectations.js';
import { PAGE_STYLE } from './page-style.js';
import { count, percent, showDuration } from './report-table.js';
import type { GroupFigures, Report } from './report.js';

const HOUR_S = 3_600;

/** A report as one HTML file that needs nothing else: charts of queue, capacity and cost, and the tables. */
export function reportPage(report: Report, verdicts: readonly Verdict[]): string {
  const title = `Simulation: ${report.scenario}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${PAGE_STYLE}</style></head><body>
<h1>${escapeHtml(report.scenario)}</h1>
<p>${escapeHtml(report.description.trim())}</p>
<p>${showDuration(report.simulatedS)} simulated, seed ${report.seed}, ${count(report.events)} events, ${count(report.cycles)} scheduling cycles.${
    report.complete ? '' : ' <b>Stopped: the figures are those so far.</b>'
  }</p>
${tiles(report)}
${charts(report).map(chartFigure).join('\n')}
<h2>Waits and completions</h2>
${groupTable('class', report.classes)}
${groupTable('tenant', report.tenants)}
${groupTable('task type', report.taskTypes)}
<h2>Why tasks waited</h2>
${reasonTable(report)}
<h2>Why tasks were placed where they were</h2>
${placementTable(report)}
<h2>Pools</h2>
${poolTable(report)}
${verdicts.length === 0 ? '' : `<h2>Expectations</h2>\n${verdictTable(verdicts)}`}
</body></html>
`;
}

function tiles({ tasks, utilisation, costUsd, gpuSeconds, fairness, preemptions, attemptsLost }: Report): string {
  const wasted = gpuSeconds.used === 0 ? 0 : gpuSeconds.wasted / gpuSeconds.used;
  const shown: readonly (readonly [string, string])[] = [
    [count(tasks.completed), `of ${count(tasks.arrived)} tasks completed`],
    [percent(utilisation), 'of ready GPU time busy'],
    [`$${costUsd.total.toFixed(2)}`, `$${costUsd.perCompletedTask.toFixed(4)} a completed task`],
    [percent(wasted), 'of used GPU time wasted'],
    [fairness.jainShare.toFixed(3), 'Jain index of shares'],
    [count(preemptions), `preemptions; ${count(attemptsLost)} attempts lost`],
  ];
  return `<ul class="tiles">${shown.map(([figure, what]) => `<li><b>${figure}</b><span>${what}</span></li>`).join('')}</ul>`;
}

function charts({ series }: Report): readonly Chart[] {
  const { stepS, waiting, busyGpus, readyGpus, bootingGpus, costUsd } = series;
  const steps = { stepS, stacked: false, cumulative: false };
  const queue = (name: string, colour: string) => ({
    name,
    colour,
    values: waiting[name] ?? [],
    look: 'area' as const,
  });
  const boots = bootingGpus.some((value) => value > 0);
  return [
    {
      ...{ ...steps, title: 'Queue', axis: 'waiting tasks', stacked: true },
      lines: [queue('interactive', '--blue'), queue('normal', '--orange'), queue('low', '--grey')].filter(
        ({ values }) => values.some((value) => value > 0),
      ),
    },
    {
      ...{ ...steps, title: 'Capacity', axis: 'GPUs' },
      lines: [
        { name: 'busy', colour: '--blue', values: busyGpus, look: 'area' },
        { name: 'ready', colour: '--green', values: readyGpus, look: 'line' },
        ...(boots ? [{ name: 'booting', colour: '--orange', values: bootingGpus, look: 'dashed' as const }] : []),
      ],
    },
    {
      ...{ ...steps, title: 'Cost since the start', axis: 'US dollars', cumulative: true },
      lines: [{ name: 'cost', colour: '--green', values: costUsd, look: 'line' }],
    },
  ];
}

function groupTable(title: string, groups: Readonly<Record<string, GroupFigures>>): string {
  const rows = Object.entries(groups)
    .filter(([, { arrived }]) => arrived > 0)
    .map(([name, { arrived, completed, waitS, completionS }]) => [
      escapeHtml(name),
      count(arrived),
      count(completed),
      ...[waitS.p50, waitS.p95, waitS.p99, waitS.max, completionS.p50, completionS.p95].map(showDuration),
    ]);
  return tableOf([title, 'tasks', 'done', 'wait p50', 'p95', 'p99', 'max', 'completion p50', 'p95'], rows, 'even');
}

function reasonTable({ waitedTaskSeconds }: Report): string {
  const held = Object.entries(waitedTaskSeconds)
    .filter(([, seconds]) => seconds > 0)
    .toSorted(([, a], [, b]) => b - a);
  if (held.length === 0) return '<p>No task waited for longer than it takes to look.</p>';
  const rows = held.map(([code, seconds]) => {
    const text = Object.hasOwn(WAITING_REASONS, code) ? WAITING_REASONS[code as keyof typeof WAITING_REASONS] : '';
    return `<tr><td><code>${escapeHtml(code)}</code></td><td>${(seconds / HOUR_S).toFixed(2)}</td><td class="words">${escapeHtml(text)}</td></tr>`;
  });
  return `<div class="scroll"><table><tr><th>reason</th><th>task-hours</th><th></th></tr>${rows.join('')}</table></div>`;
}

function placementTable({ placements }: Report): string {
  const placed = Object.entries(placements)
    .filter(([, times]) => times > 0)
    .toSorted(([, a], [, b]) => b - a);
  const most = placed[0]?.[1] ?? 1;
  const rows = placed.map(
    ([reason, times]) =>
      `<tr><td><code>${escapeHtml(reason)}</code></td><td>${count(times)}</td><td class="bar"><i style="width:${((100 * times) / most).toFixed(1)}%"></i></td></tr>`,
  );
  return `<div class="scroll"><table><tr><th>reason</th><th>times</th><th></th></tr>${rows.join('')}</table></div>`;
}

function poolTable({ pools }: Report): string {
  const rows = Object.entries(pools).map(([name, { utilisation, readyGpuHours, costUsd }]) => [
    escapeHtml(name),
    percent(utilisation),
    readyGpuHours.toFixed(1),
    `$${costUsd.toFixed(2)}`,
  ]);
  return tableOf(['pool', 'busy', 'GPU-hours', 'cost'], rows);
}

function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ expectation: { metric, min, max }, actual, met }) => [
    `<code>${escapeHtml(metric)}</code>`,
    min === -Infinity ? '' : String(min),
    max === Infinity ? '' : String(max),
    actual === undefined ? 'no such figure' : String(Number(actual.toPrecision(5))),
    met ? '<span class="yes">met</span>' : '<span class="no">not met</span>',
  ]);
  return tableOf(['figure', 'at least', 'at most', 'is', ''], rows);
}

/** Cells are HTML already. */
function tableOf(headings: readonly string[], rows: readonly (readonly string[])[], look = 'narrow'): string {
  const head = headings.map((heading) => `<th>${escapeHtml(heading)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n');
  return `<div class="scroll"><table class="${look}"><tr>${head}</tr>\n${body}</table></div>`;
}
