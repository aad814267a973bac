import { describe, expect, it } from '@jest/globals';
import { twoStateChain } from '../../testing/two-state-chain.js';
import { spotChain, type SpotChain } from '../spot/spot-chain.js';
import { jointChain } from './joint-chain.js';
import { FIRST_ZONE, IDLE, ON_DEMAND, ZoneProgramme, type ZoneProblem, type ZoneStand } from './zone-programme.js';

function problem(chains: readonly SpotChain[], change: Partial<ZoneProblem> = {}): ZoneProblem {
  return {
    chain: jointChain(chains),
    spotPrices: chains.map(() => 1),
    onDemandPrice: 4,
    changeoverTicks: 1,
    lossChance: 0,
    workTicks: 10,
    slackTicks: 6,
    horizonTicks: 16,
    ...change,
  };
}

function stand(joint: number, change: Partial<ZoneStand> = {}): ZoneStand {
  return { joint, workTicks: 10, slackTicks: 6, running: IDLE, pendingTicks: 0, ...change };
}

describe('the programme over several zones', () => {
  it('pays work and one changeover where Spot capacity never ends', () => {
    const programme = new ZoneProgramme(problem([twoStateChain(0, 0)]));
    expect(programme.cost(stand(1), FIRST_ZONE)).toBeCloseTo(11, 4);
    expect(programme.cost(stand(1, { running: FIRST_ZONE }), FIRST_ZONE)).toBeCloseTo(10, 4);
    expect(programme.cost(stand(1), ON_DEMAND)).toBeGreaterThan(11);
  });

  it('pays on-demand for all where no zone ever has capacity, whenever it starts', () => {
    const programme = new ZoneProgramme(problem([twoStateChain(0, 0)]));
    expect(programme.cost(stand(0), ON_DEMAND)).toBeCloseTo(44, 4);
    expect(programme.cost(stand(0), IDLE)).toBeCloseTo(44, 4);
    expect(programme.cost(stand(0), FIRST_ZONE)).toBe(Infinity);
  });

  it('pays a part of a tick for a changeover of a part of a tick', () => {
    const programme = new ZoneProgramme(problem([twoStateChain(0, 0)], { changeoverTicks: 0.5 }));
    expect(programme.cost(stand(1), FIRST_ZONE)).toBeCloseTo(10.5, 4);
  });

  it('agrees with a hand count over one uncertain tick', () => {
    // One tick of work, one of slack beside the changeover: on Spot now costs 1; to wait saves nothing.
    const programme = new ZoneProgramme(
      problem([twoStateChain(0.5, 0.5)], { workTicks: 1, slackTicks: 2, changeoverTicks: 0 }),
    );
    const last = stand(0, { workTicks: 1, slackTicks: 0 });
    expect(programme.cost(last, ON_DEMAND)).toBeCloseTo(4, 5);
    // Off now, two ticks of waiting: 1 $ with chance 3/4, else 4 $.
    expect(programme.cost(stand(0, { workTicks: 1, slackTicks: 2 }), IDLE)).toBeCloseTo(0.75 * 1 + 0.25 * 4, 5);
  });

  it('moves to a cheaper zone where both last, and stays where the gap is too small to pay the changeover', () => {
    const both = [twoStateChain(0, 0), twoStateChain(0, 0)];
    const costsOf = (prices: readonly number[]): readonly number[] => {
      const programme = new ZoneProgramme(problem(both, { spotPrices: prices }));
      const running = stand(3, { running: FIRST_ZONE });
      return [programme.cost(running, FIRST_ZONE), programme.cost(running, FIRST_ZONE + 1)];
    };
    const [stay = 0, move = 0] = costsOf([2, 1]);
    expect(move).toBeLessThan(stay);
    const [stayNear = 0, moveNear = 0] = costsOf([1.05, 1]);
    expect(stayNear).toBeLessThan(moveNear);
  });

  it('costs less the more zones there are, and the more slack', () => {
    const one = new ZoneProgramme(problem([twoStateChain(0.2, 0.2)])).cost(stand(0), IDLE);
    const two = new ZoneProgramme(problem([twoStateChain(0.2, 0.2), twoStateChain(0.2, 0.2)])).cost(stand(0), IDLE);
    const long = new ZoneProgramme(problem([twoStateChain(0.2, 0.2)], { slackTicks: 12 }));
    expect(two).toBeLessThan(one);
    expect(long.cost(stand(0, { slackTicks: 12 }), IDLE)).toBeLessThan(one);
  });

  it('takes Spot that is there rather than trust that it stays, once it may be lost for good', () => {
    // Young runs end soon and old ones last: where nothing is lost, to wait for the old run is free.
    const young = spotChain(
      [0, 1, 1],
      [
        new Map([
          [0, 0.4],
          [1, 0.6],
        ]),
        new Map([
          [0, 0.5],
          [2, 0.5],
        ]),
        new Map([
          [0, 0.01],
          [2, 0.99],
        ]),
      ],
    );
    const choice = (lossChance: number): readonly number[] => {
      const programme = new ZoneProgramme(problem([young], { slackTicks: 14, lossChance, horizonTicks: 24 }));
      const start = stand(1, { slackTicks: 14 });
      return [programme.cost(start, IDLE), programme.cost(start, FIRST_ZONE)];
    };
    const [wait = 0, take = 0] = choice(0);
    expect(wait).toBeLessThan(take);
    const [waitAtRisk = 0, takeAtRisk = 0] = choice(0.1);
    expect(takeAtRisk).toBeLessThan(waitAtRisk);
  });

  it('refuses a job that is too long to be solved', () => {
    const long = problem([twoStateChain(0.2, 0.2)], { workTicks: 10_000, slackTicks: 1_000 });
    expect(() => new ZoneProgramme(long)).toThrow('too long');
  });
});
