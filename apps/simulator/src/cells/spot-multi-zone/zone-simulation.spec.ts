import { describe, expect, it } from '@jest/globals';
import { fitRegimes, type DeadlineJob, type ZoneMode } from '@millrace/capacity/policy';
import { seededRng } from '@millrace/kernel';
import fc from 'fast-check';
import type { ZoneTrace } from '../../traces/zone-traces.js';
import { omniscientCostUsd } from './baselines/omniscient-zones.js';
import { cheapestAndStay, onDemandOnly, uniformProgress } from './baselines/zone-baselines.js';
import { causalBound, type CausalBound } from './causal-bound.js';
import { millraceZones } from './millrace-zones.js';
import { runZoneJob, type ZonePolicy } from './run-zone-job.js';

/** Prices make a tick of Spot 1 $ in the first zone, 2 $ in the second, and on-demand 6 $. */
function traceOf(text: string, usdPerTick: number): ZoneTrace {
  return {
    zone: `zone-${usdPerTick}`,
    tickSeconds: 600,
    onDemandPricePerHour: 36,
    available: Uint8Array.from(text, Number),
    spotPricePerHour: new Float64Array(text.length).fill(6 * usdPerTick),
  };
}

function jobOf(change: Partial<DeadlineJob> = {}): DeadlineJob {
  return { tickSeconds: 600, deadlineTicks: 10, workSeconds: 3000, changeoverSeconds: 600, ...change };
}

function costOf(policy: ZonePolicy, texts: readonly string[], job = jobOf(), firstTick = 0): number {
  const traces = texts.map((text, zone) => traceOf(text, zone + 1));
  const outcome = runZoneJob(job, { traces, firstTick }, policy);
  expect(outcome.missed).toBe(false);
  return outcome.costUsd;
}

/** A policy that follows a script. */
function scripted(choices: readonly ZoneMode[]): ZonePolicy {
  return { name: 'script', start: () => (view) => choices[view.tick] ?? 'idle' };
}

describe('a job over several zones in virtual time (scheduling.md section 2, cell S)', () => {
  it.each<[string, ZonePolicy, readonly string[], number]>([
    ['on-demand pays work and one changeover', onDemandOnly, ['1111111111'], 36],
    ['the cheapest zone is taken and kept', cheapestAndStay, ['1111111111', '1111111111'], 6],
    ['on-demand bridges a gap, and each launch pays', cheapestAndStay, ['1110111111'], 1 + 1 + 1 + 6 + 4],
    ['the dearer zone serves while the cheaper has none', cheapestAndStay, ['0111111111', '1111111111'], 12],
    ['uniform progress waits ahead of the line', uniformProgress, ['1111011111'], 4 + 3],
    // On-demand in ticks 1 to 5 until two changeovers ahead of the line, then idle, then on-demand in the last two.
    ['uniform progress runs on-demand behind the line', uniformProgress, ['0000000000'], 42],
  ])('%s', (_, policy, texts, usd) => {
    expect(costOf(policy, texts)).toBeCloseTo(usd, 9);
  });

  it('counts launches, moves and what probes cost', () => {
    const traces = [traceOf('1111111111', 1), traceOf('1111111111', 2)];
    const outcome = runZoneJob(jobOf(), { traces, firstTick: 0 }, scripted([0, 0, 1, 1, 1, 1, 1]));
    expect(outcome).toMatchObject({ launches: 2, moves: 1, missed: false, costUsd: 2 + 10 });
    expect(outcome.probesUsd).toBeCloseTo((2 * 12 + 5 * 6) / 60, 9);
  });

  it('reads the window from its first tick', () => {
    expect(costOf(cheapestAndStay, ['0000001111111111'], jobOf(), 6)).toBe(6);
  });

  it('says that a job missed its deadline', () => {
    const outcome = runZoneJob(jobOf(), { traces: [traceOf('1111111111', 1)], firstTick: 0 }, scripted([]));
    expect(outcome.missed).toBe(true);
  });

  it('refuses a policy that takes Spot where there is none, and a trace that is too short', () => {
    const window = { traces: [traceOf('0000000000', 1)], firstTick: 0 };
    expect(() => runZoneJob(jobOf(), window, scripted([0]))).toThrow('script took Spot in zone 0 at tick 0');
    expect(() => runZoneJob(jobOf(), { ...window, firstTick: 9 }, onDemandOnly)).toThrow('ends before tick 1');
  });
});

describe('the omniscient optimum', () => {
  it.each<[string, readonly string[], Partial<DeadlineJob>, number]>([
    ['waits for Spot that comes in time', ['0000111111'], {}, 6],
    ['skips a run too short to pay its changeover', ['1000111111'], {}, 6],
    ['moves where the gap pays the changeover', ['0001111111', '1111111111'], { workSeconds: 4800 }, 3 * 2 + 7],
    ['pays on-demand where nothing else is', ['0000000000'], {}, 36],
    ['counts parts of a tick', ['1111111111'], { changeoverSeconds: 720 }, 7],
    ['needs no changeover where there is none', ['1111100000'], { changeoverSeconds: 0 }, 5],
    ['has no cost for a job that can’t be done', ['1111111111'], { workSeconds: 6000 }, Infinity],
  ])('%s', (_, texts, change, usd) => {
    const traces = texts.map((text, zone) => traceOf(text, zone + 1));
    expect(omniscientCostUsd(jobOf(change), { traces, firstTick: 0 })).toBeCloseTo(usd, 9);
  });

  it('is at most what any policy pays that keeps the deadline, and ours always does', () => {
    const fit = fitRegimes([[Uint8Array.from('1'.repeat(60) + '0011101'.repeat(9) + '0'.repeat(40), Number)]], 600);
    const policies = [onDemandOnly, cheapestAndStay, uniformProgress, millraceZones('millrace', fit, 'before')];
    const bits = fc.string({ unit: fc.constantFrom('0', '1'), minLength: 40, maxLength: 40 });
    const jobs = fc.record({
      changeoverSeconds: fc.constantFrom(180, 600, 720),
      workTicks: fc.integer({ min: 1, max: 16 }),
    });
    fc.assert(
      fc.property(fc.array(bits, { minLength: 1, maxLength: 2 }), jobs, (texts, { changeoverSeconds, workTicks }) => {
        const job = jobOf({ deadlineTicks: 20, workSeconds: workTicks * 600, changeoverSeconds });
        const traces = texts.map((text, zone) => traceOf(text, zone + 1));
        const least = omniscientCostUsd(job, { traces, firstTick: 20 });
        for (const policy of policies) {
          const outcome = runZoneJob(job, { traces, firstTick: 20 }, policy);
          // The net of the baselines is as published: two changeovers, of which a part of a tick may be lost.
          if (policy.name === 'millrace' || policy === onDemandOnly) expect(outcome.missed).toBe(false);
          if (!outcome.missed) expect(least).toBeLessThanOrEqual(outcome.costUsd + 1e-9);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('the causal bound', () => {
  const boundOf = (texts: readonly string[]): CausalBound => {
    const traces = texts.map((text, zone) => traceOf(text.repeat(40), zone + 1));
    return causalBound(jobOf(), traces, (fit) => millraceZones('bound', fit, 'before'), seededRng(3));
  };

  it('is the optimum of who knows the future where the zones never change', () => {
    const { causalUsd, omniscientUsd, windows } = boundOf(['1111111111', '1111111111']);
    // 5 ticks of work and 1 of changeover.
    expect(omniscientUsd).toBeCloseTo(6, 9);
    expect(causalUsd).toBeCloseTo(6, 9);
    expect(windows).toBe(24);
  });

  it('lies above it where they do', () => {
    const { causalUsd, omniscientUsd } = boundOf(['1111101000']);
    expect(causalUsd).toBeGreaterThan(omniscientUsd + 0.1);
    expect(causalUsd).toBeLessThan(2 * omniscientUsd);
  });
});
