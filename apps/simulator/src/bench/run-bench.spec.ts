import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@millrace/kernel';
import { BENCH_CELLS, type RegisteredCell } from './bench-registry.js';
import type { BenchmarkRow, CellOptions } from './benchmark-cell.js';
import { runBench } from './run-bench.js';

const FOLDER = mkdtempSync(path.join(tmpdir(), 'millrace-bench-'));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

const OURS: BenchmarkRow = {
  cell: 'U',
  case: '52/0.05',
  policy: 'millrace',
  metric: 'costUsd',
  value: 84.5,
  misses: 0,
};

interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly options: readonly CellOptions[];
}

/** Runs the benchmark with one cell U that yields these rows, or fails with this error. */
async function bench(line: string, rows: readonly BenchmarkRow[] | Error = [OURS], dataFolder?: string): Promise<Told> {
  const told = { out: '', err: '' };
  const options: CellOptions[] = [];
  const cellOf = (name: string, needsData: boolean): RegisteredCell => ({
    heading: `Cell ${name}`,
    needsData,
    cell: {
      name,
      async *run(given) {
        options.push(given);
        given.progress('1 of 1 windows');
        if (rows instanceof Error) throw rows;
        for (const row of rows) yield { ...row, cell: name };
        return { markdown: `### Figures of ${name}` };
      },
    },
  });
  const code = await runBench({
    argv: line.split(' ').filter(Boolean),
    dataFolder,
    cells: [cellOf('U', true), cellOf('speed', false)],
    output: { out: (text) => (told.out += text), err: (text) => (told.err += text), live: false },
    clock: new VirtualClock(),
  });
  return { code, ...told, options };
}

describe('npm run bench:scheduling', () => {
  it('--json writes one object a line with six fields, and nothing else on stdout', async () => {
    const second = { ...OURS, policy: 'greedy', value: 109.14, misses: 0, note: 'not for the line' };
    const { code, out, err } = await bench(`--cell U --data ${FOLDER} --json`, [OURS, second]);
    expect(code).toBe(0);
    expect(out).toBe(
      '{"cell":"U","case":"52/0.05","policy":"millrace","metric":"costUsd","value":84.5,"misses":0}\n' +
        '{"cell":"U","case":"52/0.05","policy":"greedy","metric":"costUsd","value":109.14,"misses":0}\n',
    );
    expect(err).toContain('cell U: 1 of 1 windows');
  });

  it('writes a table without --json', async () => {
    const { out } = await bench(`--cell U --data ${FOLDER}`, [OURS, { ...OURS, policy: 'on-demand', value: 0.01234 }]);
    expect(out).toBe(
      'Cell U\n\n' +
        'cell  case     policy     metric     value  misses\n' +
        'U     52/0.05  millrace   costUsd    84.50       0\n' +
        'U     52/0.05  on-demand  costUsd  0.01234       0\n\n',
    );
  });

  it('runs all cells where none is named, and hands the options on', async () => {
    const { options } = await bench(`--data ${FOLDER} --zones a,b --ratio 2 --fit none`);
    expect(options).toHaveLength(2);
    expect(options[0]).toMatchObject({ dataFolder: FOLDER, zones: ['a', 'b'], ratio: 2, fit: 'none' });
    expect(options[0]).not.toHaveProperty('pods');
  });

  it('a missed deadline of ours is told and ends with 1; one of a baseline does not', async () => {
    const ours = await bench(`--cell U --data ${FOLDER} --json`, [{ ...OURS, misses: 1 }]);
    expect([ours.code, ours.err]).toEqual([1, expect.stringContaining('Void: {"cell":"U"')]);
    const theirs = await bench(`--cell U --data ${FOLDER} --json`, [{ ...OURS, policy: 'greedy', misses: 1 }]);
    expect(theirs.code).toBe(0);
  });

  it.each([NaN, Infinity])('never writes %p as a figure', async (value) => {
    await expect(bench(`--cell U --data ${FOLDER} --json`, [{ ...OURS, value }])).rejects.toThrow('52/0.05 millrace');
    await expect(bench(`--cell U --data ${FOLDER}`, [{ ...OURS, misses: 0.5 }])).rejects.toThrow('The misses');
  });

  it('takes the data folder of the setting, and --data before it', async () => {
    expect((await bench('--cell U', [OURS], FOLDER)).options[0]?.dataFolder).toBe(FOLDER);
    expect((await bench(`--cell U --data ${FOLDER}`, [OURS], '/nowhere')).options[0]?.dataFolder).toBe(FOLDER);
  });

  it('a cell without recorded data needs no folder', async () => {
    expect((await bench('--cell speed --json')).code).toBe(0);
  });

  it.each([
    ['--cell U', 'give --data DIR, or set MILLRACE_BENCH_DATA'],
    ['--cell U --data /nowhere/at/all', "--data /nowhere/at/all can't be read"],
    [`--cell U --data ${FOLDER} --pods /nowhere.csv`, "/nowhere.csv can't be read"],
    [`--cell U --data ${FOLDER} --fit /nowhere.json`, "/nowhere.json can't be read"],
    [`--cell U --data ${FOLDER} --out /nowhere/x.md`, "--out /nowhere/x.md can't be written"],
    ['--cell nope', 'There is no cell "nope"'],
  ])('%s ends with 2 and one line', async (line, message) => {
    const { code, out, err } = await bench(`${line} --json`);
    expect(code).toBe(2);
    const [said, ...rest] = err.split('\n').filter((text) => text.startsWith('bench:scheduling: '));
    expect([said, rest]).toEqual([expect.stringContaining(message), []]);
    if (!line.includes('--out')) expect(out).toBe('');
  });

  it('a file that the data lack is the caller’s to mend; any other error is a fault', async () => {
    const missing = Object.assign(new Error('ENOENT: no such file, open a.csv'), { code: 'ENOENT' });
    expect(await bench(`--cell U --data ${FOLDER}`, missing)).toMatchObject({
      code: 2,
      err: expect.stringContaining('open a.csv'),
    });
    await expect(bench(`--cell U --data ${FOLDER}`, new Error('a bug'))).rejects.toThrow('a bug');
  });

  it('--out writes the page, and one cell anew into it', async () => {
    const page = path.join(FOLDER, 'page.md');
    await bench(`--data ${FOLDER} --out ${page}`);
    const whole = readFileSync(page, 'utf8');
    expect(whole).toMatch(/^# Scheduling benchmarks\n[\s\S]*## Cell U\n\n### Figures of U\n\n## Cell speed\n/);
    writeFileSync(page, whole.replace('Figures of U', 'Old figures').replace('# Scheduling benchmarks', '# Kept'));
    await bench(`--cell U --data ${FOLDER} --out ${page}`);
    expect(readFileSync(page, 'utf8')).toBe(whole.replace('# Scheduling benchmarks', '# Kept'));
  });
});

describe('the registry', () => {
  it('has each cell once, by the names of the command line', () => {
    const names = BENCH_CELLS.map(({ cell }) => cell.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(['U', 'S', 'F', 'Q', 'speed']).toContain(name);
    expect(new Set(BENCH_CELLS.map(({ heading }) => heading)).size).toBe(names.length);
  });
});
