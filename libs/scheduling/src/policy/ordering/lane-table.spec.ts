import { describe, expect, it } from '@jest/globals';
import { LaneTable } from './lane-table.js';

/** One tenant with a lane a cell: head, key and shape; the lower head is the older one. */
function ranked(cells: readonly (readonly [head: number, key: number])[], costs: readonly number[]): LaneTable {
  const table = new LaneTable((a, b) => a < b);
  table.makeRoom(1);
  cells.forEach(([head, key], shape) => table.tell(0, table.append(0, shape, shape), head, key));
  table.rank(0, Float64Array.from(costs));
  return table;
}

describe('the lanes of a tenant', () => {
  it.each([
    [
      'the shortest',
      [
        [1, 9],
        [2, 5],
      ],
      [0, 0],
      2,
    ],
    [
      'the shortest with what it takes to get ready',
      [
        [1, 9],
        [2, 5],
      ],
      [0, 5],
      1,
    ],
    [
      'the older of equal sums',
      [
        [4, 9],
        [3, 5],
      ],
      [0, 4],
      3,
    ],
    [
      'an overdue one, whatever it takes to get ready',
      [
        [1, 1],
        [2, -1],
      ],
      [0, 1_000],
      2,
    ],
    [
      'the older of the overdue ones',
      [
        [4, -1],
        [3, -1],
      ],
      [0, 9],
      3,
    ],
    [
      'none of a closed shape, overdue or not',
      [
        [1, 9],
        [2, -1],
      ],
      [0, Infinity],
      1,
    ],
    [
      'nothing where nothing waits or all is closed',
      [
        [1, Infinity],
        [2, 5],
      ],
      [0, Infinity],
      -1,
    ],
  ] as const)('puts first %s', (_, cells, costs, best) => {
    const table = ranked(cells, costs);
    expect(table.best[0]).toBe(best);
    expect(table.hasOpen(0, Float64Array.from(costs))).toBe(best !== -1);
  });

  it('keeps the rows of tenants apart while they grow', () => {
    const table = new LaneTable((a, b) => a < b);
    const tenants = Array.from({ length: 40 }, (_, tenant) => tenant);
    table.makeRoom(tenants.length);
    for (let lane = 0; lane < 25; lane++) {
      for (const tenant of tenants) {
        const place = table.append(tenant, 1_000 * tenant + lane, lane);
        table.tell(tenant, place, tenant, 100 - lane);
      }
    }
    for (const tenant of tenants) {
      table.rank(tenant, new Float64Array(25));
      expect([table.lanesOf(tenant), table.best[tenant], table.bestShape[tenant]]).toEqual([25, tenant, 24]);
      expect(table.laneAt(tenant, 7)).toBe(1_000 * tenant + 7);
    }
    table.clear(3);
    table.rank(3, new Float64Array(25));
    expect([table.lanesOf(3), table.best[3]]).toEqual([0, -1]);
  });
});
