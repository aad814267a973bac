import { describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import { aPendingTask, aWorkerView } from '../../testing/builders.js';
import { idleGpus } from '../../testing/told-decisions.js';
import type { Tier } from '../placement/class-plans.js';
import type { PendingTask, QuotaView, WorkerView } from '../snapshot.js';
import { StandingCycle } from './standing-cycle.js';
import type { WorkItem } from './work-item.js';

const QUOTAS: readonly QuotaView[] = [
  { scope: 'tenant', name: 'a', gpus: 6, usedGpuMilli: 0, usedCpuMilli: 0, usedRamMiB: 0, usedTasks: 0 },
];
const WORKERS: readonly WorkerView[] = Array.from({ length: 6 }, (_, at) =>
  aWorkerView(at, {
    gpus: 4,
    slots: 5,
    vramMiB: 24_000,
    devices: idleGpus(4, 24_000, at < 3 ? {} : { mode: 'shared' }),
    rack: `${at % 2}`,
    freeCpuMilli: 16_000,
    freeRamMiB: 64_000,
  }),
);

function newStanding(): StandingCycle {
  return new StandingCycle({ workers: WORKERS, quotas: QUOTAS }, { maxPlacements: 100 }, { labelNames: [], mix: [] });
}

interface Seat {
  readonly item: WorkItem;
  readonly node: number;
  readonly gpuMask: number;
  readonly tier: Tier;
}

function seatsOf({ cycle }: StandingCycle): readonly Seat[] {
  const { seats } = cycle;
  return Array.from({ length: seats.count }, (_, at) => ({
    item: seats.items[at] as WorkItem,
    node: seats.node[at] ?? 0,
    gpuMask: seats.gpuMask[at] ?? 0,
    tier: seats.tier[at] as Tier,
  }));
}

const SHARED = { gpuUse: 'shared', gpuMilli: 300, cpuMilli: 1_000 } as const;

function submitSome(standing: StandingCycle, first: number, rng: { next(): number }): void {
  for (let at = 0; at < 8; at++) {
    const number = first + at * 4;
    const task = (offset: number, more: Partial<PendingTask>): PendingTask =>
      aPendingTask(number + offset, { tenantId: 'abc'[Math.floor(rng.next() * 3)] ?? 'a', ...more });
    const kind = Math.floor(rng.next() * 4);
    if (kind === 0) standing.submit(task(0, { demands: SHARED }));
    else if (kind < 3) standing.submit(task(0, { needs: { gpus: kind, vramMiB: 1_000 } }));
    else {
      const tenantId = rng.next() < 0.5 ? 'a' : 'b';
      const gang = { id: `g${number}`, size: 2, within: 'rack' as const };
      standing.submitGang([0, 1].map((offset) => task(offset, { tenantId, gang, needs: { gpus: 2, vramMiB: 1 } })));
    }
  }
}

/** What is free, by node: all there is to a board besides what is loaded. */
function freeOf({ board }: StandingCycle): readonly unknown[] {
  const { capacity, freeSlots } = board.table;
  return [
    [...capacity.freeGpuMilli],
    [...capacity.freeCpuMilli],
    [...capacity.freeMemoryMib],
    [...freeSlots],
    [...board.table.racks.freeMilli],
    [...board.table.zones.freeMilli],
  ];
}

describe('a world that stands from cycle to cycle', () => {
  it('has everything back when everything has ended', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const standing = newStanding();
      const before = freeOf(standing);
      const rng = seededRng(seed);
      let running: readonly Seat[] = [];
      for (let cycle = 0; cycle < 10; cycle++) {
        submitSome(standing, 1_000 * cycle, rng);
        standing.run(cycle * 1_000, 5);
        running = [...running, ...seatsOf(standing)];
        const ending = [...new Set(running.map(({ item }) => item))].filter(() => rng.next() < 0.4);
        end(
          standing,
          running.filter(({ item }) => ending.includes(item)),
        );
        running = running.filter(({ item }) => !ending.includes(item));
      }
      end(standing, running);
      expect(freeOf(standing)).toEqual(before);
    }
  });

  it('SCH-39: wakes who waited for a quota as soon as something of the tenant has ended', () => {
    const standing = newStanding();
    for (const number of [1, 2])
      standing.submit(aPendingTask(number, { tenantId: 'a', needs: { gpus: 4, vramMiB: 1 } }));
    standing.run(0, 10);
    expect(standing.cycle.waits.map(({ reason }) => reason)).toEqual(['tenant_quota']);
    const first = seatsOf(standing);
    standing.run(1, 10);
    expect([seatsOf(standing).length, standing.cycle.waits.length]).toEqual([0, 0]);
    end(standing, first);
    standing.run(2, 10);
    expect(seatsOf(standing).map(({ item }) => item.id)).toEqual([aPendingTask(2).id]);
  });

  it('places as a new world would that is as full', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const standing = newStanding();
      const rng = seededRng(seed);
      submitSome(standing, 0, rng);
      standing.run(0, 100);
      const kept = seatsOf(standing);
      const again = newStanding();
      for (const { item, node, gpuMask, tier } of kept) {
        const plan = again.board.plans.of(item.members[0] as PendingTask);
        const own = plan.tiers.find(
          ({ taskClass }) => taskClass.gpus === tier.taskClass.gpus && taskClass.gpuMilli === tier.taskClass.gpuMilli,
        );
        again.board.take(plan, node, gpuMask, own as Tier);
      }
      const next = aPendingTask(999, { demands: { ...SHARED, gpuMilli: 250 } });
      const places = [standing, again].map(({ board }) => {
        const seat = board.choose(board.plans.of(next));
        return seat === null ? null : [seat.node, seat.gpuMask];
      });
      expect(places[1]).toEqual(places[0]);
    }
  });
});

function end(standing: StandingCycle, seats: readonly Seat[]): void {
  for (const { node, gpuMask, tier } of seats) standing.release(node, gpuMask, tier);
  for (const item of new Set(seats.map(({ item: own }) => own))) standing.giveBack(item);
}
