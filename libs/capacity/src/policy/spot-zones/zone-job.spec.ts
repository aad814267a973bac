import { describe, expect, it } from '@jest/globals';
import { afterTick, type DeadlineJob } from '../spot/deadline-job.js';
import {
  cheapestSpotZone,
  onDemandPricePerHour,
  zoneTickPrice,
  type ZoneMode,
  type ZoneOffer,
  type ZoneView,
} from './zone-job.js';

const JOB: DeadlineJob = { tickSeconds: 600, deadlineTicks: 10, workSeconds: 3000, changeoverSeconds: 720 };

function offer(spotPricePerHour: number, spotAvailable = true, onDemand = 60): ZoneOffer {
  return { spotAvailable, spotPricePerHour, onDemandPricePerHour: onDemand };
}

function view(mode: ZoneMode, pendingSeconds = 0): ZoneView {
  return { tick: 0, workLeftSeconds: 3000, mode, pendingSeconds, offers: [offer(12), offer(6)] };
}

describe('the semantics of a tick over several zones (scheduling.md section 2, cell S)', () => {
  it.each<[string, ZoneView, ZoneMode, number, number]>([
    ['an idle tick makes no progress', view('idle'), 'idle', 3000, 0],
    ['an idle tick forgets what was pending', view(0, 120), 'idle', 3000, 0],
    ['a launch pays its changeover first', view('idle'), 0, 3000, 120],
    ['what a launch has left to pay is paid before work', view(0, 120), 0, 2520, 0],
    ['staying costs no changeover', view(0), 0, 2400, 0],
    ['a move to another zone pays the changeover', view(0), 1, 3000, 120],
    ['delays do not stack: a launch replaces what is pending', view(0, 120), 1, 3000, 120],
    ['on-demand pays the changeover too', view(0), 'onDemand', 3000, 120],
    ['on-demand stays without a changeover', view('onDemand'), 'onDemand', 2400, 0],
  ])('%s', (_, from, choice, workLeftSeconds, pendingSeconds) => {
    expect(afterTick(JOB, from, choice)).toEqual({ workLeftSeconds, pendingSeconds });
  });

  it('ends at no work, not below', () => {
    expect(afterTick(JOB, { ...view(0), workLeftSeconds: 100 }, 0).workLeftSeconds).toBe(0);
  });

  it.each<[ZoneMode, number]>([
    ['idle', 0],
    ['onDemand', 8],
    [0, 2],
    [1, 1],
  ])('charges a whole tick of %p', (mode, usd) => {
    expect(zoneTickPrice(JOB, [offer(12, true, 60), offer(6, false, 48)], mode)).toBeCloseTo(usd, 12);
  });

  it('refuses the price of a zone that is not there', () => {
    expect(() => zoneTickPrice(JOB, [offer(12)], 3)).toThrow('There is no zone 3 among 1.');
  });
});

describe('the cheapest offers', () => {
  it('takes on-demand capacity where it is cheapest, also where Spot capacity is out', () => {
    expect(onDemandPricePerHour([offer(1, true, 60), offer(1, false, 48)])).toBe(48);
  });

  it.each<[string, readonly ZoneOffer[], number | undefined]>([
    ['skips zones without capacity', [offer(1, false), offer(9), offer(4)], 2],
    ['takes the first of equals', [offer(4), offer(4)], 0],
    ['finds none where none has capacity', [offer(1, false), offer(2, false)], undefined],
  ])('%s', (_, offers, zone) => {
    expect(cheapestSpotZone(offers)).toBe(zone);
  });
});
