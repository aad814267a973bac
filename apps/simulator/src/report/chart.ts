import { timeMarks, valueMarks, type Mark } from './axis.js';

/** A line of a chart; `colour` is a custom property of the page's style, such as `--blue`. */
export interface ChartLine {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
  /** area: filled down to the axis, or to the areas before it where the chart is stacked. */
  readonly look: 'area' | 'line' | 'dashed';
}

export interface Chart {
  readonly title: string;
  /** What the vertical axis counts, with its unit. */
  readonly axis: string;
  readonly lines: readonly ChartLine[];
  readonly stepS: number;
  /** Areas stand on each other. */
  readonly stacked: boolean;
  /** Money is cumulative: a point is what holds at its end; others are averages of their stretch. */
  readonly cumulative: boolean;
}

const WIDTH = 880;
const HEIGHT = 270;
const LEFT = 64;
const RIGHT = 14;
const TOP = 14;
const BOTTOM = 44;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;

interface Scales {
  readonly x: (seconds: number) => number;
  readonly y: (value: number) => number;
}

/** A chart as a figure of HTML: a caption, a legend, and an SVG that is as wide as the page. */
export function chartFigure(chart: Chart): string {
  const stacks = stack(chart);
  const durationS = chart.stepS * (chart.lines[0]?.values.length ?? 0);
  const vertical = valueMarks(Math.max(0, ...stacks.flatMap(({ top }) => top)));
  const { marks, unit } = timeMarks(durationS);
  const highest = vertical.at(-1)?.at ?? 1;
  const scales: Scales = {
    x: (seconds) => LEFT + (PLOT_WIDTH * seconds) / Math.max(1e-9, durationS),
    y: (value) => TOP + PLOT_HEIGHT * (1 - value / highest),
  };
  // The topmost area is drawn first, so that those below lie on it.
  const areas = stacks.toReversed().filter(({ line }) => line.look === 'area');
  const lines = stacks.filter(({ line }) => line.look !== 'area');
  return `<figure><figcaption>${escapeHtml(chart.title)}</figcaption>${legend(chart)}
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${chart.title}: ${chart.axis} over time`)}">
${gridOf(vertical, marks, scales)}
${areas.map((one) => areaOf(one, chart, scales)).join('\n')}
${lines.map((one) => lineOf(one, chart, scales)).join('\n')}
<text class="axis" x="${LEFT + PLOT_WIDTH / 2}" y="${HEIGHT - 6}" text-anchor="middle">virtual time (${unit})</text>
<text class="axis" transform="translate(14 ${TOP + PLOT_HEIGHT / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(chart.axis)}</text>
</svg></figure>`;
}

interface Stacked {
  readonly line: ChartLine;
  readonly bottom: readonly number[];
  readonly top: readonly number[];
}

function stack({ lines, stacked }: Chart): readonly Stacked[] {
  let below: readonly number[] = (lines[0]?.values ?? []).map(() => 0);
  return lines.map((line) => {
    const bottom = stacked && line.look === 'area' ? below : line.values.map(() => 0);
    const top = line.values.map((value, index) => value + (bottom[index] ?? 0));
    if (stacked && line.look === 'area') below = top;
    return { line, bottom, top };
  });
}

function gridOf(vertical: readonly Mark[], horizontal: readonly Mark[], { x, y }: Scales): string {
  const rows = vertical.map(
    ({ at, label }) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${f(y(at))}" y2="${f(y(at))}"/>` +
      `<text class="mark" x="${LEFT - 8}" y="${f(y(at) + 4)}" text-anchor="end">${label}</text>`,
  );
  const columns = horizontal.map(
    ({ at, label }) =>
      `<line class="tick" x1="${f(x(at))}" x2="${f(x(at))}" y1="${TOP + PLOT_HEIGHT}" y2="${TOP + PLOT_HEIGHT + 5}"/>` +
      `<text class="mark" x="${f(x(at))}" y="${TOP + PLOT_HEIGHT + 19}" text-anchor="middle">${label}</text>`,
  );
  return [...rows, ...columns].join('');
}

/** Averages hold over their whole stretch, so they are drawn as steps; sums are joined by straight lines. */
function outline(values: readonly number[], { stepS, cumulative }: Chart, { x, y }: Scales): readonly string[] {
  if (cumulative) return [at(x(0), y(0)), ...values.map((value, index) => at(x((index + 1) * stepS), y(value)))];
  return values.flatMap((value, index) => [at(x(index * stepS), y(value)), at(x((index + 1) * stepS), y(value))]);
}

function areaOf({ line, bottom, top }: Stacked, chart: Chart, scales: Scales): string {
  const down = chart.cumulative
    ? [at(scales.x(chart.stepS * top.length), scales.y(0)), at(scales.x(0), scales.y(0))]
    : outline(bottom, chart, scales).toReversed();
  const points = [...outline(top, chart, scales), ...down];
  return `<polygon class="area" style="--colour:var(${line.colour})" points="${points.join(' ')}"/>`;
}

function lineOf({ line, top }: Stacked, chart: Chart, scales: Scales): string {
  const style = `style="--colour:var(${line.colour})"`;
  if (line.look === 'line')
    return `<polyline class="line" ${style} points="${outline(top, chart, scales).join(' ')}"/>`;
  // A dashed line is drawn only where it counts something: on the axis it would look like one.
  const points = outline(top, chart, scales);
  return runsAboveZero(top)
    .map(
      ([from, to]) => `<polyline class="line dashed" ${style} points="${points.slice(2 * from, 2 * to).join(' ')}"/>`,
    )
    .join('');
}

/** Stretches of points above zero, as begin and end, with a point more on each side. */
function runsAboveZero(values: readonly number[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const [index, value] of values.entries()) {
    if (value <= 0) continue;
    const last = runs.at(-1);
    if (last !== undefined && last[1] > index) last[1] = index + 2;
    else runs.push([Math.max(0, index - 1), index + 2]);
  }
  return runs;
}

function legend({ lines }: Chart): string {
  if (lines.length < 2) return '';
  const entries = lines.map(
    ({ name, colour, look }) =>
      `<li><svg class="swatch" viewBox="0 0 22 12" aria-hidden="true">${swatch(colour, look)}</svg>${escapeHtml(name)}</li>`,
  );
  return `<ul class="legend">${entries.join('')}</ul>`;
}

function swatch(colour: string, look: ChartLine['look']): string {
  const style = `style="--colour:var(${colour})"`;
  if (look === 'area') return `<rect class="area" ${style} width="22" height="12" rx="2"/>`;
  return `<line class="line${look === 'dashed' ? ' dashed' : ''}" ${style} x1="0" x2="22" y1="6" y2="6"/>`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function at(x: number, y: number): string {
  return `${f(x)},${f(y)}`;
}

/** A tenth of a pixel is enough. */
function f(value: number): string {
  return String(Math.round(value * 10) / 10);
}
