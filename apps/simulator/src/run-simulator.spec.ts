import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@millrace/kernel';
import { encodeCycle, decide, type PendingTask, type WorkerView } from '@millrace/scheduling/policy';
import { aPendingTask, aWorkerView } from '@millrace/scheduling/testing';
import { runSimulator } from './run-simulator.js';

const FOLDER = mkdtempSync(path.join(tmpdir(), 'millrace-simulator-'));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

const SCENARIO = `name: try
description: A <small> world.
duration: 1h
pools:
  a10g: { workers: 2, vramGiB: 24, usdPerGpuHour: 1 }
taskTypes:
  clip: { service: 60s, vramGiB: 15 }
tenants:
  acme: { arrivals: [{ task: clip, poisson: { perHour: 90 } }] }
expect:
  utilisation: { min: 0.5 }
`;

let files = 0;
function fileOf(text: string): string {
  const file = path.join(FOLDER, `${files++}.txt`);
  writeFileSync(file, text);
  return file;
}

async function simulator(...argv: readonly string[]) {
  return simulatorUntil(new AbortController().signal, ...argv);
}

async function simulatorUntil(stop: AbortSignal, ...argv: readonly string[]) {
  const told = { out: '', err: '' };
  const output = { out: (text: string) => (told.out += text), err: (text: string) => (told.err += text), live: false };
  const code = await runSimulator(argv, { output, clock: new VirtualClock(), stop });
  return { code, ...told };
}

describe('npm run simulator', () => {
  it('runs a scenario and writes its report as a table', async () => {
    const { code, out } = await simulator(fileOf(SCENARIO));
    expect(code).toBe(0);
    expect(out).toMatch(/^try\nA <small> world\.\n1 h 00 m simulated, seed 1,/);
    expect(out).toMatch(/class +tasks +done +wait p50 +p95 +p99 +max +completion p50 +p95\nnormal /);
    expect(out).toContain('waiting, by reason');
    expect(out).toContain('Expectations: 1 of 1 met');
  });

  it('--json writes one object with the report and the expectations, and nothing else', async () => {
    const { out } = await simulator(fileOf(SCENARIO), '--json');
    const report = JSON.parse(out) as Record<string, unknown>;
    expect(report).toMatchObject({ scenario: 'try', complete: true, costUsd: { total: expect.closeTo(2, 9) } });
    expect(report['expectations']).toEqual([expect.objectContaining({ metric: 'utilisation', min: 0.5, met: true })]);
  });

  it('--html writes a page that needs nothing else, with its charts', async () => {
    const page = path.join(FOLDER, 'page.html');
    await simulator(fileOf(SCENARIO), '--html', page);
    const html = readFileSync(page, 'utf8');
    expect(html.match(/<figure>/g)).toHaveLength(3);
    expect(html).toContain('A &#60;small&#62; world.');
    expect(html).not.toMatch(/https?:|<script|<link|@import|url\(/);
    expect(html).toContain('prefers-color-scheme: dark');
    expect(html).not.toContain('NaN');
  });

  it('ends with 1 where an expectation is not met, and says where it stands', async () => {
    const file = fileOf(SCENARIO.replace('min: 0.5', 'max: 0.1'));
    const { code, err, out } = await simulator(file);
    expect(code).toBe(1);
    expect(err).toMatch(new RegExp(`${file}:11:16: utilisation is 0\\.\\d+, expected at most 0.1`));
    expect(out).toContain('Expectations: 0 of 1 met');
  });

  it('says that a figure is none', async () => {
    const { code, err } = await simulator(fileOf(SCENARIO.replace('utilisation', 'utilization')));
    expect([code, err]).toEqual([1, expect.stringContaining(':11:16: the report has no figure utilization')]);
  });

  it('with another seed does not hold the run to the ranges of its own', async () => {
    const { code, out } = await simulator(fileOf(SCENARIO.replace('min: 0.5', 'max: 0.1')), '--seed', '5');
    expect([code, out]).toEqual([0, expect.stringContaining('seed 5')]);
  });

  it('when stopped, reports what it has, and ends with 130', async () => {
    const stop = AbortSignal.abort();
    const busy = SCENARIO.replace('perHour: 90', 'perHour: 5000').replace('duration: 1h', 'duration: 20h');
    const { code, out } = await simulatorUntil(stop, fileOf(busy), '--json');
    expect(code).toBe(130);
    expect(JSON.parse(out)).toMatchObject({ complete: false, expectations: [] });
  });

  it('tells every fault of a scenario with its place', async () => {
    const file = fileOf(SCENARIO.replace('duration: 1h', 'duration: long').replace('workers: 2', 'workers: 0'));
    const { code, out, err } = await simulator(file);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`${file}:3:11: duration: expected a duration`);
    expect(err).toContain(`${file}:5:20: pools.a10g.workers: expected a whole number from 1 to 10000, not 0\n`);
  });

  it.each([
    [['/nowhere.yaml'], "/nowhere.yaml can't be read"],
    [[], 'Name one file:'],
    [['a.yaml', 'b.yaml'], 'Name one file:'],
    [['a.yaml', '--fast'], 'There is no flag --fast: known are --json'],
    [['a.yaml', '--seed', 'x'], '--seed "x" is no seed'],
    [['a.yaml', '--policy-config', 'p'], '--policy-config is not for a scenario'],
    [['replay', 'a.jsonl', '--html', 'x'], '--html is not for a replay'],
    [['replay', 'a.jsonl', '--record', 'x'], '--record is not for a replay'],
    [['replay', '/nowhere.jsonl'], "/nowhere.jsonl can't be read"],
    [['replay', '/'], '/ is no file'],
  ])('%j ends with 2 and says what to do', async (argv, message) => {
    expect(await simulator(...argv)).toEqual({ code: 2, out: '', err: expect.stringContaining(message) });
  });

  it('--help shows how', async () => {
    expect(await simulator('--help')).toMatchObject({ code: 0, out: expect.stringContaining('SCENARIO.yaml') });
  });
});

describe('npm run simulator -- replay', () => {
  const AT = Date.UTC(2026, 0, 1);

  function lineOf(pending: readonly PendingTask[], workers: readonly WorkerView[], maxPlacements = 10): string {
    const [snapshot, config] = [{ pending, workers }, { maxPlacements }];
    return encodeCycle({ at: AT, configVersion: 'r1', snapshot, config }, decide(snapshot, config, AT)) ?? '';
  }

  const lines = [
    lineOf([aPendingTask(1), aPendingTask(2)], [aWorkerView(1)]),
    lineOf([aPendingTask(3)], [aWorkerView(1)]),
  ];

  it('finds the same decisions where the policy is the same', async () => {
    expect(await simulator('replay', fileOf(`${lines.join('\n')}\n\n`))).toMatchObject({
      code: 0,
      out: '2 cycles: 0 of 3 decisions differ, in 0 cycles\n',
    });
  });

  it('shows each decision that differs, with both reasons', async () => {
    const changed = lines[1]?.replace('"reason":"first_fitting_worker"', '"reason":"warm_model"') ?? '';
    expect(changed).not.toBe(lines[1]);
    const { code, out } = await simulator('replay', fileOf(`${lines[0]}\n${changed}\n`));
    expect(code).toBe(1);
    expect(out).toContain('cycle 2, 2026-01-01T00:00:00.000Z, config r1: 0 same, 1 differ\n');
    expect(out).toMatch(/on \S+( GPU 0)? \(warm_model\) +→ +on \S+( GPU 0)? \(first_fitting_worker\)/);
    expect(out).toContain('2 cycles: 1 of 3 decisions differ, in 1 cycles');
  });

  it('decides by other settings where they are given', async () => {
    const policy = fileOf('maxPlacements: 1\n');
    const free = lineOf([aPendingTask(1), aPendingTask(2)], [aWorkerView(1, { slots: 2 })]);
    const { code, out } = await simulator('replay', fileOf(free), '--policy-config', policy, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      same: 1,
      differing: [{ recorded: { kind: 'place' }, replayed: { kind: 'wait', reason: 'cycle_limit' } }],
    });
  });

  it('decides a recorded run of a scenario just as it was', async () => {
    const cycles = path.join(FOLDER, 'cycles.jsonl');
    const hour = SCENARIO.replace('duration: 1h', 'duration: 10m');
    await simulator(fileOf(hour.replace(/expect:[^]*/, '')), '--record', cycles);
    const { code, out } = await simulator('replay', cycles);
    expect([code, out]).toEqual([0, expect.stringMatching(/^\d{2} cycles: 0 of \d+ decisions differ/)]);
    const strict = await simulator('replay', cycles, '--policy-config', fileOf('tenants: { acme: { weight: 2 } }'));
    expect(strict.code).toBe(0);
  });

  it.each([
    ['{"version":9}', ':1: the version is 9; this program reads version 1'],
    ['', 'holds no cycle'],
  ])('a file with %j is refused', async (text, message) => {
    expect(await simulator('replay', fileOf(text))).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });

  it('a fault in the settings is told with its place', async () => {
    const policy = fileOf('{"classes": {"normal": {"maxWaitS": "soon"}}}\n');
    const { code, err } = await simulator('replay', fileOf(lines[0] ?? ''), '--policy-config', policy);
    expect([code, err]).toEqual([
      2,
      expect.stringContaining(`${policy}:1:37: classes.normal.maxWaitS: expected a number`),
    ]);
  });
});
