import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BenchmarkRow, CellOptions } from '../../bench/benchmark-cell.js';
import { gpuSharingCell } from './gpu-sharing-cell.js';

const NODES = 'sn,cpu_milli,memory_mib,gpu,model\na,32000,65536,4,T4\nb,8000,65536,2,P100\n';
const PODS = 'cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n4000,8192,1,1000,\n1000,8192,1,460,T4\n8000,1,0,0,\n';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'cell-f-'));
  mkdirSync(path.join(folder, 'gpu-sharing-openb'));
  write('openb_node_list_gpu_node.csv', NODES);
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = path.join(folder, 'gpu-sharing-openb', name);
  writeFileSync(file, text);
  return file;
}

async function run(options: Partial<CellOptions> = {}): Promise<{ rows: readonly BenchmarkRow[]; markdown: string }> {
  const rows: BenchmarkRow[] = [];
  const running = gpuSharingCell.run({ dataFolder: folder, progress: () => undefined, ...options });
  for (;;) {
    const step = await running.next();
    if (step.done === true) return { rows, markdown: step.value.markdown };
    rows.push(step.value);
  }
}

describe('gpuSharingCell', () => {
  it('gives a row for each policy over each pod list of the folder, named after the list', async () => {
    write('openb_pod_list_one.csv', PODS);
    write('openb_pod_list_two.csv', PODS);
    const { rows, markdown } = await run();
    expect(rows.map((row) => `${row.case}/${row.policy}`)).toEqual(
      ['one', 'two'].flatMap((list) =>
        ['random', 'dot-product', 'packing', 'best-fit', 'fgd', 'millrace'].map((policy) => `${list}/${policy}`),
      ),
    );
    for (const row of rows) {
      expect(row).toMatchObject({ cell: 'F', metric: 'allocatedPercent', misses: 0 });
      expect(row.value).toBeGreaterThan(50);
      expect(row.value).toBeLessThanOrEqual(100);
    }
    expect(markdown).toContain('### two');
  });

  it('runs the one list that is named, and finds the nodes in the folder itself too', async () => {
    write('openb_pod_list_one.csv', PODS);
    const { rows } = await run({
      dataFolder: path.join(folder, 'gpu-sharing-openb'),
      pods: write('mine.csv', PODS),
    });
    expect([...new Set(rows.map((row) => row.case))]).toEqual(['mine']);
  });

  it('says what is missing', async () => {
    await expect(run()).rejects.toThrow('holds no openb_pod_list_*.csv');
    await expect(run({ dataFolder: path.join(folder, 'nowhere') })).rejects.toThrow('openb_node_list_gpu_node.csv');
  });
});
