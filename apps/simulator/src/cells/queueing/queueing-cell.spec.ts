import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { BenchmarkRow } from '../../bench/benchmark-cell.js';
import { queueingCell } from './queueing-cell.js';

const FOLDER = mkdtempSync(path.join(tmpdir(), 'millrace-queueing-'));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

const time = (second: number): string =>
  new Date(Date.UTC(2024, 0, 1) + 1_000 * second).toISOString().slice(0, 19).replace('T', ' ');
const REQUESTS = [
  'gmt_create,predict_type,predict_status,exec_time_seconds,groupId,num_images_per_prompt,num_inference_steps,checkpoint_model_version_id',
  ...Array.from(
    { length: 200 },
    (_, n) => `${time(3 * n)},TXT_2_IMG,SUCCEED,${10 + (n % 7)}.0,G${n % 5},1.0,30.0,M${n % 6}`,
  ),
].join('\n');
const JOBS = [
  'timestamp,duration,num_gpus,gpu_time,cluster',
  ...Array.from({ length: 200 }, (_, n) => `${time(30 * (n - (n % 20)))},${60 + 37 * (n % 11)}.0,${1 + (n % 3)},1,c`),
].join('\n');

function aFolder(name: string, files: Readonly<Record<string, string>>): string {
  const folder = path.join(FOLDER, name);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  return folder;
}

async function run(dataFolder: string): Promise<{ readonly rows: readonly BenchmarkRow[]; readonly markdown: string }> {
  const rows: BenchmarkRow[] = [];
  const running = queueingCell.run({ dataFolder, progress: () => undefined });
  for (;;) {
    const step = await running.next();
    if (step.done === true) return { rows, markdown: step.value.markdown };
    rows.push(step.value);
  }
}

describe('cell Q', () => {
  it('has every policy and metric of its cases, and a table with targets', async () => {
    const folder = aFolder('parent', {
      'diffusion-requests/requests.csv': REQUESTS,
      'cluster-jobs/philly-vc-11cb48.csv': JOBS,
    });
    const { rows, markdown } = await run(folder);
    expect([...new Set(rows.map((row) => row.case))]).toEqual([
      'requests/0.7',
      'requests/0.9',
      'requests/1.1',
      'cluster-jobs',
    ]);
    expect([...new Set(rows.map(({ policy }) => policy))]).toEqual([
      'fifo',
      'shortest-predicted',
      'shortest-remaining',
      'shortest-with-switch',
      'millrace',
      'no-queue',
      'fifo-backfill',
      'shortest-first',
      '2d-las',
      'millrace-true-lengths',
    ]);
    const ours = rows.filter((row) => row.policy === 'millrace' && row.case === 'requests/0.9');
    expect(ours.map(({ metric }) => metric).toSorted()).toEqual([
      'etaWidth',
      'etaWithinP90',
      'jain',
      'switchGpuSeconds',
      'waitP99Seconds',
      'waitSeconds',
      'within1.5',
      'within3',
    ]);
    expect(rows.every(({ cell, value, misses }) => cell === 'Q' && Number.isFinite(value) && misses === 0)).toBe(true);
    for (const words of [
      '### requests/1.1',
      '### cluster-jobs',
      'Against 1.15 × ',
      'Switching ≤ half of FIFO',
      '| millrace |',
    ])
      expect(markdown).toContain(words);
  });

  it('takes the folder of either trace alone', async () => {
    const requests = await run(aFolder('requests', { 'requests.csv': REQUESTS }));
    expect(new Set(requests.rows.map((row) => row.case)).size).toBe(3);
    expect(requests.markdown).not.toContain('cluster-jobs');
    const jobs = await run(aFolder('jobs', { 'philly-vc-11cb48.csv': JOBS }));
    expect(jobs.markdown).toMatch(/^### cluster-jobs/);
    const value = (policy: string): number => jobs.rows.find((row) => row.policy === policy)?.value ?? Number.NaN;
    expect(value('no-queue')).toBeLessThan(value('millrace-true-lengths'));
    expect(value('millrace-true-lengths')).toBeLessThan(value('fifo'));
  });

  it('says what it looks for in a folder that has neither', async () => {
    await expect(run(aFolder('empty', {}))).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining(
        'holds no CSV file with a column num_inference_steps (diffusion-requests) or num_gpus',
      ),
    });
  });

  it('takes a trace of any name, but not two', async () => {
    const { rows } = await run(aFolder('other', { 'another-cluster.csv': JOBS, 'notes.csv': 'a,b\n1,2' }));
    expect(new Set(rows.map((row) => row.case))).toEqual(new Set(['cluster-jobs']));
    await expect(run(aFolder('two', { 'b.csv': JOBS, 'a.csv': JOBS }))).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining('holds a.csv and b.csv: leave one of them.'),
    });
  });

  it('names file, line and field of what it can’t read', async () => {
    const broken = aFolder('broken', { 'philly-vc-11cb48.csv': JOBS.replace('134.0', 'long') });
    await expect(run(broken)).rejects.toThrow('philly-vc-11cb48.csv, line 4: duration is "long"');
  });
});
