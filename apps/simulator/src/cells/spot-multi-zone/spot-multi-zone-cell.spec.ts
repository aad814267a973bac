import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BenchmarkRow, CellOptions, CellTable } from '../../bench/benchmark-cell.js';
import { spotMultiZoneCell } from './spot-multi-zone-cell.js';
import { windowStarts, zoneCases } from './zone-cases.js';
import { zoneFitSource } from './zone-fits.js';

let folder = '';

function zoneText(available: string, gapSeconds = 600): string {
  return JSON.stringify({
    gapSeconds,
    onDemandPricePerHour: 60,
    available,
    spotPricePerHour: Array.from({ length: available.length }, () => 12),
  });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cell-s-'));
  const inside = join(folder, 'spot-multi-zone-h100');
  mkdirSync(inside);
  writeFileSync(join(inside, 'x.json'), zoneText('1'.repeat(311)));
  writeFileSync(join(inside, 'us-east4-a.json'), zoneText('0'.repeat(311)));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(change: Partial<CellOptions>): Promise<{ rows: BenchmarkRow[]; table: CellTable }> {
  const rows: BenchmarkRow[] = [];
  const cell = spotMultiZoneCell.run({ dataFolder: folder, progress: () => undefined, ...change });
  for (;;) {
    const step = await cell.next();
    if (step.done === true) return { rows, table: step.value };
    rows.push(step.value);
  }
}

describe('the cell of several zones', () => {
  it('reports each policy on zones of the caller’s, by the name of the ratio', async () => {
    const { rows, table } = await run({ zones: ['x'], ratio: 4, fit: 'none' });
    const costs = new Map(rows.filter(({ metric }) => metric === 'costUsd').map((row) => [row.policy, row]));
    // 78 ticks of work and 1.2 of changeover, begun ticks charged whole: 79 at 2 $ of Spot, or at 10 $.
    expect(costs.get('omniscient')).toMatchObject({ cell: 'S', case: '4', value: 158, misses: 0 });
    expect(costs.get('on-demand')).toMatchObject({ value: 790, misses: 0 });
    expect(costs.get('millrace')).toMatchObject({ value: 158, misses: 0 });
    expect(table.markdown).toContain('### x; deadline ÷ work 4');
    expect(table.markdown).toContain('| millrace |');
  });

  it('names the file of a zone that is not there', async () => {
    await expect(run({ zones: ['nowhere'], ratio: 4 })).rejects.toThrow('no nowhere.json');
  });
});

describe('the cases of cell S', () => {
  it('are six without a choice, with published figures', () => {
    const cases = zoneCases(undefined, undefined);
    expect(cases.map(({ name }) => name)).toEqual(['1.2', '1.5', '2', '1.2/2-zones', '1.5/2-zones', '2/2-zones']);
    expect(cases.every(({ anchors }) => anchors !== undefined)).toBe(true);
  });

  it('find the published figures whatever the order of the zones, and none for other zones', () => {
    const [known] = zoneCases(['us-west1-b', 'asia-southeast1-c'], 1.5);
    expect(known).toMatchObject({ name: '1.5', anchors: { targetUsd: 1745 } });
    expect(zoneCases(['us-west1-b'], 1.5)[0]?.anchors).toBeUndefined();
  });

  it('have six windows at most, back to back', () => {
    expect(windowStarts(2114)).toEqual([0, 311, 622, 933, 1244, 1555]);
    expect(windowStarts(700)).toEqual([0, 311]);
    expect(() => windowStarts(310)).toThrow('310 ticks');
  });
});

describe('the fit of cell S', () => {
  it('that ships holds none of the zones of the specification', () => {
    const { words } = zoneFitSource('none', '', []);
    for (const zone of ['asia-southeast1-c', 'us-west1-b', 'us-east4-b']) expect(words).not.toContain(zone);
  });

  it('leaves out a zone of the run that the shipped one holds', () => {
    const inside = join(folder, 'spot-multi-zone-h100');
    expect(zoneFitSource(undefined, inside, ['us-east4-a']).words).toBe('the folder’s other zones (x)');
    expect(zoneFitSource('none', inside, ['us-east4-a']).words).toContain('libs/capacity/fits');
  });

  it('is made of the folder’s other zones where that which ships is for other ticks', () => {
    const inside = join(folder, 'five-minutes');
    mkdirSync(inside);
    writeFileSync(join(inside, 'y.json'), zoneText('1'.repeat(311), 300));
    const wanted =
      /^y\.json, field gapSeconds: 600 is needed, for the file that ships in .* and not 300; a fit for other ticks can/;
    expect(() => zoneFitSource(undefined, inside, ['y'])).toThrow(wanted);
    writeFileSync(join(inside, 'z.json'), zoneText('10'.repeat(100), 300));
    expect(zoneFitSource(undefined, inside, ['y'])).toMatchObject({
      fit: { tickSeconds: 300 },
      words: 'the folder’s other zones (z)',
    });
    expect(() => zoneFitSource('none', inside, ['y'])).toThrow(wanted);
  });

  it('names a file that is none', () => {
    expect(() => zoneFitSource('/nowhere/fit.json', '', [])).toThrow('/nowhere/fit.json is no fitted file');
  });
});
