import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listZoneTraces, parseZoneTrace, readZoneTraces } from './zone-traces.js';

const GOOD = { gapSeconds: 600, onDemandPricePerHour: 80, available: '110', spotPricePerHour: [10, 11, 12] };

function text(change: Record<string, unknown>): string {
  return JSON.stringify({ ...GOOD, ...change });
}

describe('recorded zones', () => {
  it('reads capacity and prices tick by tick', () => {
    expect(parseZoneTrace(text({}), 'z', 'z.json')).toEqual({
      zone: 'z',
      tickSeconds: 600,
      onDemandPricePerHour: 80,
      available: Uint8Array.of(1, 1, 0),
      spotPricePerHour: Float64Array.of(10, 11, 12),
    });
  });

  it.each<[string, string, string]>([
    ['text that is no JSON', '{', 'z.json is no JSON'],
    ['another JSON value', '[]', 'z.json must hold one JSON object'],
    ['a missing tick length', text({ gapSeconds: undefined }), 'z.json, field gapSeconds'],
    ['a price of zero', text({ onDemandPricePerHour: 0 }), 'z.json, field onDemandPricePerHour'],
    ['capacity as a list', text({ available: [1, 1, 0] }), 'z.json, field available'],
    ['capacity with another letter', text({ available: '1x0' }), 'z.json, field available'],
    ['a missing price', text({ spotPricePerHour: [10, 11] }), 'z.json, field spotPricePerHour: 3 numbers'],
    ['a price that is no number', text({ spotPricePerHour: [10, '11', 12] }), 'z.json, field spotPricePerHour[1]'],
  ])('names file and field of %s', (_, broken, message) => {
    expect(() => parseZoneTrace(broken, 'z', 'z.json')).toThrow(message);
  });
});

describe('a folder of recorded zones', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'zones-'));
    writeFileSync(join(folder, 'b.json'), text({}));
    writeFileSync(join(folder, 'a.json'), text({}));
    writeFileSync(join(folder, 'short.json'), text({ available: '1', spotPricePerHour: [1] }));
    writeFileSync(join(folder, 'LICENSE'), 'text');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('lists its zones by name', () => {
    expect(listZoneTraces(folder)).toEqual(['a', 'b', 'short']);
  });

  it('reads zones in the order asked for', () => {
    expect(readZoneTraces(folder, ['b', 'a']).map(({ zone }) => zone)).toEqual(['b', 'a']);
  });

  it('says which zones there are where one is not', () => {
    expect(() => readZoneTraces(folder, ['c'])).toThrow('no c.json; it has a, b, short');
  });

  it('refuses zones of different length', () => {
    expect(() => readZoneTraces(folder, ['a', 'short'])).toThrow('short.json has 1 ticks of 600 s, a.json 3');
  });

  it('refuses an empty choice', () => {
    expect(() => readZoneTraces(folder, [])).toThrow('0 zones');
  });
});
