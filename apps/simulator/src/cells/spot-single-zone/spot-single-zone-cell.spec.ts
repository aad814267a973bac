import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import type { BenchmarkRow } from '../../bench/benchmark-cell.js';
import { readSpotEnvironments } from '../../traces/spot-windows.js';
import { SPOT_CASES } from './spot-cases.js';
import { fitSource } from './spot-fits.js';
import { runCases } from './spot-single-zone-cell.js';
import { spotTable, summaryOf } from './spot-table.js';

const SHIPPED = createRequire(import.meta.url).resolve('@millrace/capacity/fits/spot-single-zone.json');
/** A sixth of the real time and work, so that a spec is quick. */
const QUICK_CASES = SPOT_CASES.slice(0, 2).map((spotCase) => ({
  ...spotCase,
  job: { ...spotCase.job, deadlineTicks: 52, workSeconds: 28_800 },
}));
let folder: string;

/** Windows of 554 ticks whose runs of capacity end with one chance, and come with another. */
function windows(seed: number, count: number, ends: number, comes: number): string {
  const rng = seededRng(seed);
  return Array.from({ length: count }, () => {
    let on = rng.next() < 0.5;
    return Array.from({ length: 554 }, () => {
      if (rng.next() < (on ? ends : comes)) on = !on;
      return on ? '1' : '0';
    }).join('');
  }).join('\n');
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cell-u-'));
  mkdirSync(join(folder, 'spot-single-zone'));
  writeFileSync(join(folder, 'spot-single-zone', 'one.txt'), windows(1, 4, 0.05, 0.05));
  writeFileSync(join(folder, 'spot-single-zone', 'two.txt'), windows(2, 4, 0.2, 0.1));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function run(fit?: string): Promise<{ rows: BenchmarkRow[]; markdown: string }> {
  const rows: BenchmarkRow[] = [];
  const running = runCases(QUICK_CASES, { dataFolder: folder, progress: () => undefined, ...(fit && { fit }) });
  for (;;) {
    const step = await running.next();
    if (step.done === true) return { rows, markdown: step.value.markdown };
    rows.push(step.value);
  }
}

describe('cell U', () => {
  it('gives every policy of every case, without a miss, the omniscient one cheapest', async () => {
    const { rows, markdown } = await run('none');
    const policies = [...new Set(rows.map(({ policy }) => policy))];
    expect(policies).toHaveLength(7);
    expect(rows).toHaveLength(2 * 7 * 2);
    expect(rows.every(({ misses, value }) => misses === 0 && value > 0)).toBe(true);
    for (const { name } of QUICK_CASES) {
      const cost = (policy: string): number =>
        rows.find((row) => row.case === name && row.policy === policy && row.metric === 'costUsd')?.value ?? Number.NaN;
      for (const policy of policies) expect(cost(policy)).toBeGreaterThanOrEqual(cost('omniscient') - 1e-9);
      expect(cost('millrace')).toBeLessThan(cost('on-demand'));
    }
    expect(markdown).toContain('### Deadline and changeover 52 h, 0.20 h');
    expect(markdown).toContain('4 jobs a policy and case: every third window of one, two.');
  });

  it('refuses a window that ends before the deadline, with file and line', async () => {
    writeFileSync(join(folder, 'spot-single-zone', 'two.txt'), `${'1'.repeat(52)}\n${'1'.repeat(51)}\n`);
    await expect(run('none')).rejects.toThrow('two.txt, line 2: 51 ticks are less than the deadline of 52.');
  });

  it('has the names of the specification for its cases', () => {
    expect(SPOT_CASES.map(({ name }) => name)).toEqual(['52/0.05', '52/0.20', '70/0.05', '70/0.20']);
    expect(SPOT_CASES.map(({ job }) => [job.deadlineTicks, job.changeoverSeconds])).toEqual([
      [312, 180],
      [312, 720],
      [420, 180],
      [420, 720],
    ]);
  });
});

describe('what the policies know before the first tick', () => {
  const environments = (): ReturnType<typeof readSpotEnvironments> =>
    readSpotEnvironments(join(folder, 'spot-single-zone'));

  it('comes from the other environments, never from the one that is reported', () => {
    const [one, two] = environments();
    const known = fitSource(undefined, [one!, two!]).knownFor(one!);
    const changed = { ...one!, windows: [new Uint8Array(554)] };
    const again = fitSource(undefined, [changed, two!]).knownFor(changed);
    expect([again.fit, again.chain]).toEqual([known.fit, known.chain]);
    expect(fitSource(undefined, [one!, two!]).knownFor(two!).fit).not.toEqual(known.fit);
  });

  it('comes from the shipped file with `none`, and where a folder has one environment only', () => {
    const [one, two] = environments();
    const shipped = fitSource('none', [one!, two!]).knownFor(one!);
    expect(shipped.fit.tickSeconds).toBe(600);
    expect(shipped.fit).toEqual((JSON.parse(readFileSync(SHIPPED, 'utf8')) as { figures: unknown }).figures);
    expect(fitSource(undefined, [one!]).knownFor(one!).fit).toEqual(shipped.fit);
  });

  it('comes from a given file, whose faults are named', () => {
    const file = join(folder, 'fit.json');
    const [one] = environments();
    const content = JSON.parse(readFileSync(SHIPPED, 'utf8')) as { figures: Record<string, unknown> };
    const save = (changes: object): void =>
      writeFileSync(file, JSON.stringify({ ...content, figures: { ...content.figures, ...changes } }));
    save({ endRateSpread: 0.3 });
    expect(fitSource(file, [one!]).knownFor(one!).fit.endRateSpread).toBe(0.3);
    save({ endRateSpread: -1 });
    expect(() => fitSource(file, [one!])).toThrow('fit.json is no fitted file: figures.endRateSpread must be');
    save({ tickSeconds: 60 });
    expect(() => fitSource(file, [one!])).toThrow('figures.tickSeconds must be 600');
    writeFileSync(file, 'no json');
    expect(() => fitSource(file, [one!])).toThrow('is no fitted file');
  });
});

describe('the table of cell U', () => {
  const spotCase = SPOT_CASES[0]!;
  const figures = (policy: string, costs: number[][], misses = 0) => ({ spotCase, policy, costs, misses });

  it('has mean, 95th percentile, paired difference and verdict', () => {
    const greedy = figures('greedy', [Array.from({ length: 20 }, (_, index) => 91 + index)]);
    expect(summaryOf(greedy)).toEqual({ costUsd: 100.5, p95Usd: 109 });
    const ours = figures('millrace', [greedy.costs[0]!.map((cost) => cost - 16)]);
    const table = spotTable([greedy, ours], ['e'], 'a file');
    expect(table).toContain('| greedy | 109.14 | 100.50 | 109.00 | -16.00 (-16.00 … -16.00) | 0 |');
    expect(table).toContain('Target ≤ 84.80: 84.50, met.');
    expect(spotTable([greedy, figures('millrace', greedy.costs, 2)], ['e'], 'a file')).toContain(
      'Deadlines that `millrace` missed: 2.',
    );
  });
});
