import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { fitSpot } from './spot-fit.js';
import { parseSpotFitFile } from './spot-fit-file.js';

const bits = (text: string): Uint8Array => Uint8Array.from(text, Number);

describe('a Spot fit', () => {
  it('holds the share of runs that end, by age, with a fifth of an end for what is hardly seen', () => {
    // Bins {1, 2+}. On: new → old twice; old → old once, old → off twice.
    const { on, off } = fitSpot([[bits('0110111')]], 600, [1, 2]);
    expect(on.endChance[0]).toBeCloseTo(0.2 / 3, 12);
    expect(on.endChance[1]).toBeCloseTo(1.2 / 3, 12);
    expect(off.endChance).toEqual([2.2 / 3, 0.2]);
    expect(on.growChance).toEqual([1, 0]);
  });

  it('weighs every environment the same, however many ticks it has', () => {
    const steady = Array.from({ length: 50 }, () => bits('1'.repeat(200)));
    const flickering = [bits('10'.repeat(100))];
    const alone = fitSpot([flickering], 600, [1]).on.endChance[0]!;
    const both = fitSpot([steady, flickering], 600, [1]).on.endChance[0]!;
    expect(both).toBeCloseTo(alone / 2, 2);
  });

  it('has a way on where no run was seen: after as many ticks as the bin spans', () => {
    expect(fitSpot([[bits('00000')]], 600, [1, 5, 7]).on.growChance).toEqual([0.25, 0.5, 0]);
  });
});

describe('a fitted file', () => {
  const shipped = (): Record<string, unknown> =>
    JSON.parse(readFileSync(new URL('../../../fits/spot-single-zone.json', import.meta.url), 'utf8')) as Record<
      string,
      unknown
    >;

  it('ships in the repository, with how it was made', () => {
    const { figures, provenance } = parseSpotFitFile(shipped());
    expect(figures.tickSeconds).toBe(600);
    expect(provenance).toMatchObject({ licence: 'MIT', environments: expect.any(Array) });
  });

  const bins = [1, 2, 4, 10, 25];
  it.each([
    ['kind', { kind: 'other' }, 'kind must be "millrace.spot-fit.v1".'],
    ['provenance', { provenance: undefined }, 'provenance must be an object'],
    ['a text of it', { provenance: { madeBy: 'x', madeOn: '', source: 's', licence: 'l' } }, 'provenance.madeOn'],
    ['figures', { figures: [] }, 'figures must be an object'],
    ['tickSeconds', { tickSeconds: 0 }, 'figures.tickSeconds must be a number above 0.'],
    ['endRateSpread', { endRateSpread: '0.7' }, 'figures.endRateSpread'],
    ['evidenceHalfLifeTicks', { evidenceHalfLifeTicks: Number.NaN }, 'figures.evidenceHalfLifeTicks'],
    ['ageBins that fall', { ageBins: [1, 4, 2] }, 'figures.ageBins must be'],
    ['ageBins from 2', { ageBins: [2, 3] }, 'figures.ageBins must be'],
    ['on', { on: 7 }, 'figures.on must be an object'],
    [
      'a chance above 1',
      { on: { endChance: bins.map(() => 1.5), growChance: [] } },
      'figures.on.endChance must hold 5',
    ],
    ['a short row', { off: { endChance: bins.map(() => 0.5), growChance: [1] } }, 'figures.off.growChance must hold 5'],
    [
      'a way out of the last bin',
      { off: { endChance: bins.map(() => 0.5), growChance: bins.map(() => 0.5) } },
      'figures.off.growChance must end with 0',
    ],
  ])('with a wrong %s is refused, and the field is named', (_, change, message) => {
    const file = shipped();
    const inFigures = !Object.keys(change).some((key) => ['kind', 'provenance', 'figures'].includes(key));
    const broken = inFigures
      ? { ...file, figures: { ...(file.figures as object), ...change } }
      : { ...file, ...change };
    expect(() => parseSpotFitFile(broken)).toThrow(message);
  });

  it.each([[null], ['text'], [[]]])('that is no object is refused: %j', (value) => {
    expect(() => parseSpotFitFile(value)).toThrow('A fitted file is an object');
  });
});
