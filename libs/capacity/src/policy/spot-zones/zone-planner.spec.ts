import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keepsDeadline } from '../spot/deadline-guard.js';
import { afterTick, type DeadlineJob } from '../spot/deadline-job.js';
import { fitRegimes } from './fit-regimes.js';
import { guardedZone, type ZoneMode, type ZoneOffer, type ZoneView } from './zone-job.js';
import { ZonePlanner, type ZoneDecision } from './zone-planner.js';

const STEADY = '1'.repeat(120) + '0'.repeat(5) + '1'.repeat(300) + '01' + '1'.repeat(80) + '0'.repeat(40);
const FIT = fitRegimes([[Uint8Array.from(STEADY.repeat(4), Number)]], 600);

function jobOf(change: Partial<DeadlineJob> = {}): DeadlineJob {
  return { tickSeconds: 600, deadlineTicks: 30, workSeconds: 18 * 600, changeoverSeconds: 720, ...change };
}

interface Ran {
  readonly decisions: readonly ZoneDecision[];
  readonly workLeftSeconds: number;
}

/** Runs a job on rows of offers, one a tick, with any decider. */
function run(job: DeadlineJob, rows: readonly (readonly ZoneOffer[])[], decide: (view: ZoneView) => ZoneDecision): Ran {
  let mode: ZoneMode = 'idle';
  let left = { workLeftSeconds: job.workSeconds, pendingSeconds: 0 };
  const decisions: ZoneDecision[] = [];
  for (let tick = 0; tick < Math.min(job.deadlineTicks, rows.length) && left.workLeftSeconds > 0; tick++) {
    const offers = rows[tick] ?? [];
    if (typeof mode === 'number' && offers[mode]?.spotAvailable !== true) {
      mode = 'idle';
      left = { ...left, pendingSeconds: 0 };
    }
    const view: ZoneView = { tick, ...left, mode, offers };
    const decision = decide(view);
    if (typeof decision.choice === 'number') expect(offers[decision.choice]?.spotAvailable).toBe(true);
    left = afterTick<ZoneMode>(job, view, decision.choice);
    mode = decision.choice;
    decisions.push(decision);
  }
  return { decisions, workLeftSeconds: left.workLeftSeconds };
}

/** Offers of zones whose capacity is written as one text each. */
function rowsOf(texts: readonly string[], prices: readonly number[] = texts.map(() => 10)): ZoneOffer[][] {
  return Array.from({ length: texts[0]?.length ?? 0 }, (_, tick) =>
    texts.map((text, zone) => ({
      spotAvailable: text[tick] === '1',
      spotPricePerHour: prices[zone] ?? 10,
      onDemandPricePerHour: 60,
    })),
  );
}

const offerArbitrary = fc.record({
  spotAvailable: fc.boolean(),
  spotPricePerHour: fc.integer({ min: 5, max: 80 }),
  onDemandPricePerHour: fc.constantFrom(60, 75),
});

const scenarioArbitrary = fc
  .record({
    zones: fc.integer({ min: 1, max: 3 }),
    ticks: fc.integer({ min: 8, max: 24 }),
    changeoverSeconds: fc.constantFrom(0, 180, 600, 720, 1500),
    share: fc.double({ min: 0.1, max: 1, noNaN: true }),
  })
  .chain(({ zones, ticks, changeoverSeconds, share }) => {
    const room = ticks * 600 - changeoverSeconds;
    const job = jobOf({ deadlineTicks: ticks, changeoverSeconds, workSeconds: Math.max(1, room * share) });
    const row = fc.array(offerArbitrary, { minLength: zones, maxLength: zones });
    return fc.record({ job: fc.constant(job), rows: fc.array(row, { minLength: ticks, maxLength: ticks }) });
  });

describe('the deadline guard over several zones (SCH-31: the deadline is never missed)', () => {
  it('lets no sequence of wishes miss a deadline that on-demand capacity can keep', () => {
    const wishes = fc.array(fc.constantFrom<ZoneMode>('idle', 'onDemand', 0), { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(scenarioArbitrary, wishes, ({ job, rows }, wanted) => {
        const ran = run(job, rows, (view) => {
          const wish = wanted[view.tick] ?? 'idle';
          const possible = wish === 0 && view.offers[0]?.spotAvailable !== true ? 'idle' : wish;
          return { choice: guardedZone(job, view, possible), reason: 'wait' };
        });
        expect(ran.workLeftSeconds).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  const view = (change: Partial<ZoneView>): ZoneView => ({
    tick: 0,
    workLeftSeconds: 28 * 600,
    mode: 'idle',
    pendingSeconds: 0,
    offers: rowsOf(['1'])[0] ?? [],
    ...change,
  });

  it.each<[string, Partial<ZoneView>, ZoneMode, ZoneMode]>([
    ['waits while a launch still fits afterwards', { workLeftSeconds: 27.8 * 600 }, 'idle', 'idle'],
    ['does not wait once it would not', { workLeftSeconds: 27.9 * 600 }, 'idle', 'onDemand'],
    ['launches no Spot instance that may cost the deadline', { workLeftSeconds: 28 * 600 }, 0, 'onDemand'],
    ['keeps a running Spot instance to the last', { mode: 0, workLeftSeconds: 28.8 * 600 }, 0, 0],
    [
      'gives up Spot that has too much to pay',
      { mode: 0, pendingSeconds: 120, workLeftSeconds: 28.75 * 600 },
      0,
      'onDemand',
    ],
    ['does not leave on-demand without room to return', { mode: 'onDemand', workLeftSeconds: 28 * 600 }, 0, 'onDemand'],
    ['stays where it gets further if the deadline is lost', { mode: 0, workLeftSeconds: 29.9 * 600 }, 'idle', 0],
  ])('%s', (_, change, wish, choice) => {
    expect(guardedZone(jobOf(), view(change), wish)).toBe(choice);
  });

  it('counts on-demand that has paid its changeover without another one', () => {
    expect(keepsDeadline(jobOf(), view({ mode: 'onDemand', workLeftSeconds: 30 * 600 }), 'onDemand')).toBe(true);
    expect(keepsDeadline(jobOf(), view({ workLeftSeconds: 29 * 600 }), 'onDemand')).toBe(false);
  });
});

describe('the planner over several zones', () => {
  it('never misses a deadline, and never takes Spot that is not there (SCH-31)', () => {
    fc.assert(
      fc.property(scenarioArbitrary, ({ job, rows }) => {
        const planner = new ZonePlanner(FIT, job, rows[0]?.length ?? 1);
        expect(run(job, rows, (view) => planner.decide(view)).workLeftSeconds).toBe(0);
      }),
      { numRuns: 12 },
    );
  });

  it('decides the same for the same sequence', () => {
    const rows = rowsOf(['111100000111111111111111111111', '000011111000011100011111111000'], [10, 8]);
    const once = (): readonly ZoneDecision[] => {
      const planner = new ZonePlanner(FIT, jobOf(), 2);
      planner.observe([true, false]);
      return run(jobOf(), rows, (view) => planner.decide(view)).decisions;
    };
    expect(once()).toEqual(once());
  });

  it('takes the cheaper of two zones that are alike, and keeps it', () => {
    const planner = new ZonePlanner(FIT, jobOf(), 2);
    const { decisions } = run(jobOf(), rowsOf(['1'.repeat(30), '1'.repeat(30)], [12, 9]), (view) =>
      planner.decide(view),
    );
    expect(new Set(decisions.map(({ choice }) => choice))).toEqual(new Set([1]));
    expect(decisions.map(({ reason }) => reason).slice(0, 2)).toEqual(['takeSpot', 'keepSpot']);
  });

  it('waits while there is slack, and goes on-demand for good at the last moment', () => {
    const planner = new ZonePlanner(FIT, jobOf(), 1);
    const { decisions, workLeftSeconds } = run(jobOf(), rowsOf(['0'.repeat(30)]), (view) => planner.decide(view));
    const first = decisions.findIndex(({ choice }) => choice === 'onDemand');
    expect(decisions[0]?.reason).toBe('wait');
    expect(first).toBeGreaterThan(0);
    expect(decisions.slice(-9).every(({ choice }) => choice === 'onDemand')).toBe(true);
    expect(decisions[first]?.reason).toMatch(/^(cover|deadline)$/);
    expect(workLeftSeconds).toBe(0);
  });

  it('leaves Spot that flickers alone once it has watched the zone flicker', () => {
    const flicker = '10'.repeat(15);
    const job = jobOf({ changeoverSeconds: 720 });
    const wise = new ZonePlanner(FIT, job, 1);
    for (let tick = 0; tick < 4000; tick++) wise.observe([tick % 2 === 1]);
    const spotTicks = (planner: ZonePlanner): number =>
      run(job, rowsOf([flicker]), (view) => planner.decide(view)).decisions.filter(({ choice }) => choice === 0).length;
    const naive = spotTicks(new ZonePlanner(FIT, job, 1));
    expect(spotTicks(wise)).toBeLessThan(naive / 2);
  });

  it('plans anew when a price has moved, and follows it to the zone that is cheap now', () => {
    const job = jobOf({ deadlineTicks: 60, workSeconds: 40 * 600 });
    const before = rowsOf(['1'.repeat(20), '1'.repeat(20)], [10, 30]);
    const after = rowsOf(['1'.repeat(40), '1'.repeat(40)], [55, 8]);
    const planner = new ZonePlanner(FIT, job, 2);
    const { decisions } = run(job, [...before, ...after], (view) => planner.decide(view));
    expect(decisions[19]?.choice).toBe(0);
    expect(decisions[20]).toEqual({ choice: 1, reason: 'moveSpot' });
  });

  it('tells six zones apart by planning with the best four, and keeps the deadline', () => {
    const texts = ['0', '0', '0', '0', '0', '1'].map((tick) => tick.repeat(30));
    const planner = new ZonePlanner(FIT, jobOf(), 6);
    for (let tick = 0; tick < 200; tick++) planner.observe([false, false, false, false, false, true]);
    const { decisions } = run(jobOf(), rowsOf(texts), (view) => planner.decide(view));
    expect(decisions.map(({ choice }) => choice)).toEqual(decisions.map(() => 5));
  });

  it('takes zones that it did not plan with once they alone are on (SCH-31)', () => {
    // Four zones of a steady past go dark for good; the two that were scarce come on, at a sixth of on-demand.
    const job = jobOf({ deadlineTicks: 90, workSeconds: 60 * 600 });
    const rows = rowsOf([
      ...Array.from({ length: 4 }, () => '1'.repeat(6) + '0'.repeat(84)),
      '0'.repeat(6) + '1'.repeat(84),
      '0'.repeat(9) + '1'.repeat(81),
    ]);
    const planner = new ZonePlanner(FIT, job, 6);
    for (let tick = 0; tick < 400; tick++) planner.observe([true, true, true, true, tick % 40 === 0, tick % 40 === 1]);
    const { decisions, workLeftSeconds } = run(job, rows, (view) => planner.decide(view));
    const others = decisions.filter(({ choice }) => choice === 4 || choice === 5).length;
    expect(decisions.slice(0, 6).every(({ choice }) => typeof choice === 'number' && choice < 4)).toBe(true);
    expect(decisions.filter(({ choice }) => choice === 'onDemand').length).toBeLessThan(4);
    expect(others).toBeGreaterThan(50);
    expect(workLeftSeconds).toBe(0);
  });

  it('answers by a simple rule while a job of 14 days is too long to plan (SCH-31)', () => {
    const job = jobOf({ deadlineTicks: 14 * 144, workSeconds: 9 * 86_400 });
    const gap = '1'.repeat(20) + '0'.repeat(30);
    const texts = [gap + '1'.repeat(1966), '0'.repeat(30) + '1'.repeat(1986), '0'.repeat(2016)];
    const planner = new ZonePlanner(FIT, job, 3);
    const { decisions } = run(job, rowsOf(texts, [12, 9, 8]).slice(0, 60), (view) => planner.decide(view));
    const modes = (first: number, end: number): unknown[] => [
      ...new Set(decisions.slice(first, end).map(({ choice }) => choice)),
    ];
    expect([modes(0, 20), modes(20, 30), modes(30, 60)]).toEqual([[0], ['idle'], [1]]);
  });

  it('stays under the guard while a job is too long to plan (SCH-31)', () => {
    // Spot flickers, so that the rule alone would launch and wait until the four ticks of slack are gone, and longer.
    const job = jobOf({ deadlineTicks: 30_004, workSeconds: 30_000 * 600 });
    const planner = new ZonePlanner(FIT, job, 3);
    const rows = rowsOf(['01'.repeat(20) + '0'.repeat(10), '001'.repeat(13) + '0'.repeat(11), '0'.repeat(50)]);
    const { decisions, workLeftSeconds } = run(job, rows, (view) => planner.decide(view));
    expect(decisions.map(({ reason }) => reason)).toContain('takeSpot');
    expect(decisions.at(-1)).toEqual({ choice: 'onDemand', reason: 'deadline' });
    expect(workLeftSeconds).toBeLessThanOrEqual((job.deadlineTicks - rows.length) * 600);
  });

  it('takes Spot where so many regimes may be that each is unlikely', () => {
    const share = Array.from({ length: 16 }, () => 1 / 16);
    const chances = share.map((_, from) => share.map((_, to) => (from === to ? 0.95 : 0.05 / 15)));
    const many = { ...FIT, fine: { offStates: 1, startShares: share, chances } };
    const job = jobOf({ deadlineTicks: 12, workSeconds: 6 * 600 });
    const planner = new ZonePlanner(many, job, 3);
    const [first] = run(job, rowsOf(['1', '1', '1']), (view) => planner.decide(view)).decisions;
    expect(first?.reason).toBe('takeSpot');
  });

  it('refuses a fit with too many states', () => {
    const chances = Array.from({ length: 9 }, () => Array.from({ length: 9 }, () => 1 / 9));
    const coarse = { offStates: 4, startShares: chances[0] ?? [], chances };
    expect(() => new ZonePlanner({ ...FIT, coarse }, jobOf(), 4)).toThrow('6561 joint states');
  });

  it('refuses a fit for other ticks', () => {
    expect(() => new ZonePlanner(FIT, jobOf({ tickSeconds: 300 }), 1)).toThrow('ticks of 600 s');
  });
});
