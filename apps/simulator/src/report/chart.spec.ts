import { describe, expect, it } from '@jest/globals';
import { chartFigure, escapeHtml, type Chart } from './chart.js';

const CHART: Chart = {
  title: 'Queue',
  axis: 'waiting tasks',
  stepS: 10,
  stacked: true,
  cumulative: false,
  lines: [
    { name: 'a', colour: '--blue', values: [1, 2], look: 'area' },
    { name: 'b', colour: '--grey', values: [3, 0], look: 'area' },
  ],
};

/** The y of every point of a shape, by its colour. */
function heights(svg: string, colour: string): readonly number[] {
  const [, points = ''] = new RegExp(`${colour}\\)" points="([^"]+)"`).exec(svg) ?? [];
  return points.split(' ').map((point) => Number(point.split(',')[1]));
}

describe('a chart', () => {
  it('stacks areas on each other, with the axis labelled with its unit', () => {
    const svg = chartFigure(CHART);
    // 212 pixels for 0 to 4: the second area stands on the first.
    expect(heights(svg, '--blue')).toEqual([173, 173, 120, 120, 226, 226, 226, 226]);
    expect(heights(svg, '--grey')).toEqual([14, 14, 120, 120, 120, 120, 173, 173]);
    expect(svg).toContain('>waiting tasks</text>');
    expect(svg).toContain('virtual time (s)');
    expect(svg).toContain('<figcaption>Queue</figcaption><ul class="legend">');
  });

  it('lays areas over each other where it is not stacked', () => {
    const svg = chartFigure({ ...CHART, stacked: false });
    expect(heights(svg, '--grey').at(-1)).toBe(226);
  });

  it('draws sums from zero on, as straight lines', () => {
    const lines = [{ name: 'cost', colour: '--green', values: [1, 4], look: 'line' as const }];
    const svg = chartFigure({ ...CHART, stacked: false, cumulative: true, lines });
    expect(heights(svg, '--green')).toEqual([226, 173, 14]);
    expect(svg).not.toContain('legend');
  });

  it('draws a dashed line only where it counts something', () => {
    const values = [0, 0, 2, 0, 0, 0, 1];
    const lines = [{ name: 'boot', colour: '--orange', values, look: 'dashed' as const }];
    const svg = chartFigure({ ...CHART, lines });
    expect(svg.match(/class="line dashed"/g)).toHaveLength(2);
  });

  it('of nothing is empty, with axes', () => {
    expect(chartFigure({ ...CHART, lines: [] })).toContain('waiting tasks</text>');
    expect(chartFigure({ ...CHART, lines: [] })).not.toContain('NaN');
  });

  it('takes names for text', () => {
    expect(escapeHtml(`<b>"&'`)).toBe('&#60;b&#62;&#34;&#38;&#39;');
  });
});
