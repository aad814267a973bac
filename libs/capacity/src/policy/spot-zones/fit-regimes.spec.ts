import { describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import { fitRegimes } from './fit-regimes.js';
import { REGIME_FIT_KIND, parseRegimeFitFile } from './regime-fit-file.js';
import { RegimeWatch, type SpotRegimes } from './spot-regimes.js';

/** Runs of the given mean lengths in turn, each drawn from a geometric distribution. */
function drawn(means: readonly number[], ticks: number, seed: number): Uint8Array {
  const rng = seededRng(seed);
  const sequence = new Uint8Array(ticks);
  let run = 0;
  for (let tick = 0; tick < ticks; tick++) {
    sequence[tick] = run % 2 === 0 ? 1 : 0;
    if (rng.next() < 1 / (means[run % means.length] ?? 1)) run++;
  }
  return sequence;
}

/** Mean chance, in bits a tick, that a watch gives to what comes next. */
function bits(regimes: SpotRegimes, sequence: Uint8Array): number {
  const watch = new RegimeWatch(regimes);
  let sum = 0;
  sequence.forEach((tick, index) => {
    if (index > 0) sum -= Math.log2(watch.ahead(watch.belief, tick === 1).chance);
    watch.observe(tick === 1);
  });
  return sum / sequence.length;
}

const CALM = drawn([60, 2], 2000, 1);
const SCARCE = drawn([1.3, 40], 2000, 2);
/** Weeks of either kind: four runs of calm, then four of drought. */
const BOTH = drawn([50, 2, 50, 2, 50, 2, 1.3, 30, 1.3, 30, 1.3, 30], 4000, 3);

describe('the fit of regimes', () => {
  const fit = fitRegimes([[CALM], [SCARCE], [BOTH]], 600);

  it.each(['fine', 'coarse'] as const)('makes %s regimes whose rows are chances', (name) => {
    const { chances, startShares, offStates } = fit[name];
    expect(offStates).toBeGreaterThan(0);
    for (const row of [...chances, startShares]) {
      expect(row.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(1, 9);
      for (const chance of row) expect(chance).toBeGreaterThanOrEqual(0);
    }
  });

  it('foretells a zone that changes between calm and drought better than one regime of each kind does', () => {
    const again = drawn([50, 2, 50, 2, 50, 2, 1.3, 30, 1.3, 30, 1.3, 30], 4000, 4);
    const share = again.reduce((sum, tick) => sum + tick, 0);
    const ends = again.reduce((sum, tick, index) => sum + (index > 0 && tick !== again[index - 1] ? 0.5 : 0), 0);
    const plain: SpotRegimes = {
      offStates: 1,
      startShares: [0.5, 0.5],
      chances: [
        [1 - ends / (again.length - share), ends / (again.length - share)],
        [ends / share, 1 - ends / share],
      ],
    };
    expect(bits(fit.fine, again)).toBeLessThan(0.95 * bits(plain, again));
  });

  it('weighs an environment the same, however long its record is', () => {
    const many = fitRegimes([[CALM, CALM, CALM, CALM], [SCARCE]], 600);
    const one = fitRegimes([[CALM], [SCARCE]], 600);
    one.fine.chances.forEach((row, from) =>
      row.forEach((chance, to) => expect(many.fine.chances[from]?.[to]).toBeCloseTo(chance, 6)),
    );
  });

  it('passes over an empty record, and refuses to be made of nothing', () => {
    expect(fitRegimes([[CALM, new Uint8Array(0)]], 600).fine.chances).toHaveLength(7);
    expect(() => fitRegimes([], 600)).toThrow('needs an environment');
  });
});

describe('the file of fitted regimes', () => {
  const provenance = { madeBy: 'x', madeOn: '2026-11-23', source: 'x', licence: 'MIT', environments: ['x'] };
  const regimes: SpotRegimes = {
    offStates: 1,
    startShares: [0.5, 0.5],
    chances: [
      [0.9, 0.1],
      [0.3, 0.7],
    ],
  };
  const file = { kind: REGIME_FIT_KIND, provenance, figures: { tickSeconds: 600, fine: regimes, coarse: regimes } };
  const withFine = (change: object): object => ({
    ...file,
    figures: { ...file.figures, fine: { ...regimes, ...change } },
  });

  it('is read as it was written', () => {
    expect(parseRegimeFitFile(JSON.parse(JSON.stringify(file)))).toEqual(file);
  });

  it.each<[string, unknown, string]>([
    ['another kind', { ...file, kind: 'millrace.spot-fit.v1' }, 'kind must be "millrace.spot-regimes.v1".'],
    ['no provenance', { ...file, provenance: undefined }, 'provenance must be an object'],
    ['no figures', { ...file, figures: 3 }, 'figures must be an object'],
    [
      'no tick',
      { ...file, figures: { ...file.figures, tickSeconds: 0 } },
      'figures.tickSeconds must be a number above 0.',
    ],
    [
      'more coarse states than four zones can have',
      { ...file, figures: { ...file.figures, coarse: { ...file.figures.coarse, chances: Array(9).fill([]) } } },
      'figures.coarse.chances must hold 2 to 8 rows',
    ],
    [
      'more fine states than three zones can have',
      { ...file, figures: { ...file.figures, fine: { ...file.figures.fine, chances: Array(17).fill([]) } } },
      'figures.fine.chances must hold 2 to 16 rows',
    ],
    ['no coarse regimes', { ...file, figures: { ...file.figures, coarse: 1 } }, 'figures.coarse must be an object'],
    ['one state', withFine({ chances: [[1]] }), 'figures.fine.chances must hold 2 to 16 rows'],
    ['no on state', withFine({ offStates: 2 }), 'figures.fine.offStates must be a whole number from 1 to 1.'],
    ['shares of another number', withFine({ startShares: [1] }), 'figures.fine.startShares must hold 2 shares'],
    [
      'a row that is no whole',
      withFine({
        chances: [
          [0.9, 0.1],
          [0.3, 0.6],
        ],
      }),
      'figures.fine.chances[1] must hold 2 chances that sum to 1.',
    ],
  ])('names the field of %s', (_, broken, message) => {
    expect(() => parseRegimeFitFile(broken)).toThrow(message);
  });
});
