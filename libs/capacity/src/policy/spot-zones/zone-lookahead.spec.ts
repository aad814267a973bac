import { describe, expect, it } from '@jest/globals';
import { jointChain } from './joint-chain.js';
import { regimeChain } from './regime-chain.js';
import { RegimeWatch, type SpotRegimes } from './spot-regimes.js';
import { ZoneLookahead, type JobTick } from './zone-lookahead.js';
import { FIRST_ZONE, IDLE, ON_DEMAND, ZoneProgramme } from './zone-programme.js';

const OTHER_ZONE = FIRST_ZONE + 1;

/** A gap and a drought, flicker and calm. */
const REGIMES: SpotRegimes = {
  offStates: 2,
  startShares: [0.25, 0.25, 0.25, 0.25],
  chances: [
    [0.5, 0, 0, 0.5],
    [0, 0.9, 0.1, 0],
    [0, 0.95, 0.05, 0],
    [0.02, 0, 0, 0.98],
  ],
};
const CALM = '1'.repeat(30);
const DROUGHT = `1${'0'.repeat(29)}`;

/** What a job of 20 ticks of work would do next, by what its zones have shown; Spot costs `spotUsd` a tick. */
function bestOf(
  texts: readonly string[],
  change: Partial<JobTick> = {},
  spotUsd = texts.map(() => 1),
  startShares = REGIMES.startShares,
): number {
  const watches = texts.map((text) => {
    const watch = new RegimeWatch({ ...REGIMES, startShares });
    for (const tick of text) watch.observe(tick === '1');
    return watch;
  });
  const chain = jointChain(watches.map(regimeChain));
  const on = texts.flatMap((text, zone) => (text.endsWith('1') ? FIRST_ZONE + zone : []));
  const job: JobTick = {
    workTicks: 20,
    slackTicks: 12,
    running: IDLE,
    pendingTicks: 0,
    changeoverTicks: 1.2,
    tickUsd: [0, 6, ...spotUsd],
    modes: [IDLE, ON_DEMAND, ...on],
    ...change,
  };
  const programme = new ZoneProgramme({
    chain,
    spotPrices: spotUsd,
    onDemandPrice: 6,
    changeoverTicks: job.changeoverTicks,
    lossChance: 0,
    workTicks: job.workTicks,
    slackTicks: job.slackTicks,
    horizonTicks: 32,
  });
  return new ZoneLookahead(programme, chain, watches).best(job);
}

describe('a tick ahead by what is believed of the zones (SCH-22, ADR-0019)', () => {
  it.each<[string, readonly string[], Partial<JobTick>, number]>([
    ['takes capacity that comes back after a gap in a calm', [`${CALM}01`], {}, FIRST_ZONE],
    ['leaves the same tick of capacity alone in a drought', [`${DROUGHT}01`], {}, IDLE],
    ['waits for the end of a gap', [`${CALM}0`], {}, IDLE],
    ['keeps the Spot instance that runs', [CALM], { running: FIRST_ZONE }, FIRST_ZONE],
    ['leaves on-demand for capacity that lasts', [CALM], { running: ON_DEMAND }, FIRST_ZONE],
    ['keeps on-demand while capacity flickers', [`${DROUGHT}1`], { running: ON_DEMAND, slackTicks: 3.5 }, ON_DEMAND],
    ['takes the zone that is calm, not the one in a drought', [`${DROUGHT}1`, CALM], {}, OTHER_ZONE],
    [
      'keeps what runs where a move gains nothing, though it is free',
      [CALM, CALM],
      { running: FIRST_ZONE, changeoverTicks: 0 },
      FIRST_ZONE,
    ],
  ])('%s', (_, texts, change, mode) => {
    expect(bestOf(texts, change)).toBe(mode);
  });

  it.each<[number, number]>([
    [0.97, FIRST_ZONE],
    [0.2, OTHER_ZONE],
  ])('moves to a zone at %p of the price only where that pays the changeover', (price, mode) => {
    expect(bestOf([CALM, CALM], { running: FIRST_ZONE }, [1, price])).toBe(mode);
  });

  it.each<[string, readonly number[], number]>([
    ['waits to see where capacity is most likely a flicker', [0, 0, 0.95, 0.05], IDLE],
    ['takes it where it is most likely a calm', [0, 0, 0.05, 0.95], FIRST_ZONE],
  ])('%s', (_, startShares, mode) => {
    expect(bestOf(['1'], {}, [1], startShares)).toBe(mode);
  });

  it('weighs each state by its share: a small one of drought does not end the wait for a calm', () => {
    const job = { slackTicks: 3.5, workTicks: 20, running: ON_DEMAND };
    expect(bestOf(['1'], job, [1], [0, 0, 0.2, 0.8])).toBe(FIRST_ZONE);
    expect(bestOf(['1'], job, [1], [0, 0, 0.8, 0.2])).toBe(ON_DEMAND);
    expect(bestOf(['0'], { slackTicks: 8 }, [1], [0.9, 0.1, 0, 0])).toBe(IDLE);
  });

  it('takes no capacity that is not there, whatever is believed', () => {
    expect(bestOf([CALM], { modes: [IDLE, ON_DEMAND] })).not.toBe(FIRST_ZONE);
  });

  it('pays no more than a tick for work that ends with it', () => {
    expect(bestOf([CALM], { running: FIRST_ZONE, workTicks: 0.4, slackTicks: 0.6 })).toBe(FIRST_ZONE);
    expect(bestOf([DROUGHT], { running: ON_DEMAND, workTicks: 0.4, slackTicks: 0.6 })).toBe(ON_DEMAND);
  });
});
