import { describe, expect, it } from '@jest/globals';
import type { BenchmarkRow } from '../../bench/benchmark-cell.js';
import { queueingTable } from './queueing-table.js';

function jobRows(figures: Readonly<Record<string, number>>): readonly BenchmarkRow[] {
  return Object.entries(figures).map(([policy, value]) => ({
    cell: 'Q',
    case: 'cluster-jobs',
    policy,
    metric: 'jctSeconds',
    value,
    misses: 0,
  }));
}

const OURS = { 'shortest-remaining': 9_088, millrace: 10_000, 'millrace-true-lengths': 11_000 };

describe('the table of cell Q', () => {
  it('sets the anchors beside the trace that they are of', () => {
    const table = queueingTable(jobRows({ 'no-queue': 3_792.99, ...OURS }));
    expect(table).toContain('| no-queue | 3,793 | 3,793.0 | -0.00 % |');
    expect(table).toContain('Against 1.15 × 9,088 = 10,451 s: learnt 10,000 s, met; told 11,000 s, not met.');
  });

  it('has no anchors for another trace', () => {
    const table = queueingTable(jobRows({ 'no-queue': 4_000, ...OURS, 'shortest-remaining': 8_000 }));
    expect(table).toContain('| no-queue |  | 4,000.0 |  |');
    expect(table).toContain('Against 1.15 × 8,000 = 9,200 s: learnt 10,000 s, not met');
    expect(table).not.toContain('9,088');
  });

  it('says which targets of the requests are met', () => {
    const row = (policy: string, metric: string, value: number): BenchmarkRow => ({
      cell: 'Q',
      case: 'requests/0.9',
      policy,
      metric,
      value,
      misses: 0,
    });
    const tableOf = (wait: number, switching: number, jain: number): string =>
      queueingTable([
        row('fifo', 'switchGpuSeconds', 100),
        row('fifo', 'jain', 0.5),
        row('shortest-remaining', 'waitSeconds', 100),
        row('millrace', 'waitSeconds', wait),
        row('millrace', 'switchGpuSeconds', switching),
        row('millrace', 'jain', jain),
      ]);
    expect(tableOf(114.9, 50, 0.5)).toMatch(/ours 114\.9 s, met\..*50\.0 %, met\..*FIFO's: met\./);
    expect(tableOf(115.1, 50.1, 0.49)).toMatch(/ours 115\.1 s, not met\..*50\.1 %, not met\..*FIFO's: not met\./);
  });
});
