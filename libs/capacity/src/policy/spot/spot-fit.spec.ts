import { describe, expect, it } from '@jest/globals';
import { chainAtLevel } from './end-rate.js';
import { fitSpot } from './spot-fit.js';
import { parseSpotFitFile, SPOT_FIT_KIND } from './spot-fit-file.js';

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

  it('tells runs by the last run of capacity too, as far as that was seen', () => {
    // Long runs follow long runs: 9 ticks of 10 go on; after single ticks the next ends as soon.
    const spells = bits(('1'.repeat(9) + '0').repeat(60) + '10'.repeat(300));
    const { on, off } = fitSpot([[spells]], 600, [1], [1, 4]);
    const [short, long] = [on.endChanceAfter![0]![0]!, on.endChanceAfter![1]![0]!];
    expect(on.endChance[0]).toBeCloseTo(360 / 840, 2);
    expect(short).toBeGreaterThan(0.8);
    expect(long).toBeLessThan(0.25);
    expect(off.endChanceAfter).toHaveLength(2);
    // Hardly seen: as by age alone.
    const rare = fitSpot([[bits('1110'.repeat(30))]], 600, [1], [1, 10]).on;
    expect(rare.endChanceAfter![1]![0]).toBeCloseTo(rare.endChance[0]!, 9);
  });

  it('has a way on where no run was seen: after as many ticks as the bin spans', () => {
    expect(fitSpot([[bits('00000')]], 600, [1, 5, 7]).on.growChance).toEqual([0.25, 0.5, 0]);
  });
});

describe('a fitted file', () => {
  const fitted = (): Record<string, unknown> => ({
    kind: SPOT_FIT_KIND,
    provenance: { madeBy: 'a spec', madeOn: '2026-01-01', source: 'none', licence: 'none', environments: ['one'] },
    figures: fitSpot([[bits('0011101111110')]], 600),
  });

  it('is read as it was written', () => {
    expect(parseSpotFitFile(JSON.parse(JSON.stringify(fitted())))).toEqual(fitted());
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
    ['pastRunBins', { pastRunBins: [] }, 'figures.pastRunBins must be'],
    ['number of rows', { pastRunBins: [1, 2] }, 'figures.on.endChanceAfter must hold 2 rows'],
    ['rows without bins', { pastRunBins: undefined }, 'figures.on.endChanceAfter needs figures.pastRunBins.'],
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
    const file = fitted();
    const inFigures = !Object.keys(change).some((key) => ['kind', 'provenance', 'figures'].includes(key));
    const broken = inFigures
      ? { ...file, figures: { ...(file.figures as object), ...change } }
      : { ...file, ...change };
    expect(() => parseSpotFitFile(broken)).toThrow(message);
  });

  it('may tell runs by their age only', () => {
    const file = fitted();
    const { pastRunBins, ...figures } = file.figures as Record<string, Record<string, unknown>>;
    const bare = (kind: string): object => ({ ...figures[kind], endChanceAfter: undefined });
    expect(pastRunBins).toBeDefined();
    const parsed = parseSpotFitFile({ ...file, figures: { ...figures, on: bare('on'), off: bare('off') } });
    expect(chainAtLevel(parsed.figures, 0).on).toHaveLength(10);
    expect(chainAtLevel(parseSpotFitFile(file).figures, 0).on).toHaveLength(30);
  });

  it.each([[null], ['text'], [[]]])('that is no object is refused: %j', (value) => {
    expect(() => parseSpotFitFile(value)).toThrow('A fitted file is an object');
  });
});
