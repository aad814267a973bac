import { describe, expect, it } from '@jest/globals';
import { aPendingTask, aWorkerView } from '../../testing/builders.js';
import { idleGpus, told } from '../../testing/told-decisions.js';
import { decide } from '../decide.js';
import type { Decision } from '../decision.js';
import type { GangLevel, PendingTask, PolicyConfig, WorkerView } from '../snapshot.js';

const GIB = 1024;
const HOUR_MS = 3_600_000;
const POLICY: PolicyConfig = { maxPlacements: 1_000 };

/** Members `first`, `first + 1`, … of one gang. */
function gang(
  first: number,
  size: number,
  gpus: number,
  within?: GangLevel,
  more: Partial<PendingTask> = {},
): PendingTask[] {
  return Array.from({ length: size }, (_, at) =>
    aPendingTask(first + at, {
      needs: { gpus, vramMiB: GIB },
      gang: { id: `gang-${first}`, size, ...(within === undefined ? {} : { within }) },
      ...more,
    }),
  );
}

function node(
  number: number,
  free: number,
  place: { zone?: string; rack?: string } = {},
  more: Partial<WorkerView> = {},
): WorkerView {
  const devices = idleGpus(8, 80 * GIB).map((gpu, at) => (at < free ? gpu : { ...gpu, freeMilli: 0, freeVramMiB: 0 }));
  return aWorkerView(number, { gpus: 8, slots: 64, devices, ...place, ...more });
}

function decided(
  pending: readonly PendingTask[],
  workers: readonly WorkerView[],
  now = 0,
  policy = POLICY,
): readonly Decision[] {
  return decide({ pending, workers }, policy, now);
}

/** Workers' numbers of placed tasks, and the reasons there are. */
function places(decisions: readonly Decision[]): readonly string[] {
  const used = decisions.map((decision) =>
    decision.kind === 'place' ? Number(decision.worker.workerId.slice(-5)) : '-',
  );
  return [used.join(), [...new Set(decisions.map(({ reason }) => reason))].join()];
}

describe('a gang', () => {
  it('SCH-40: starts with all its members or with none', () => {
    const workers = [node(1, 8), node(2, 8), node(3, 7)];
    expect(places(decided(gang(1, 2, 8), workers))).toEqual(['1,2', 'gang_zone']);
    expect(places(decided(gang(1, 3, 8), workers))).toEqual(['-,-,-', 'gang_no_room']);
  });

  it('SCH-40: holds nothing while it waits: what it could not use goes to others', () => {
    const tasks = [...gang(1, 3, 8), aPendingTask(9, { needs: { gpus: 8, vramMiB: GIB } })];
    expect(told(decided(tasks, [node(1, 8), node(2, 7)]))).toContain('9@worker-00001/0,1,2,3,4,5,6,7');
  });

  it('SCH-40: of unlike members too: the large one fits and the small one does not, so neither starts', () => {
    const [large, small] = gang(1, 2, 8);
    const members = [large, { ...small, needs: { gpus: 4, vramMiB: GIB } }] as PendingTask[];
    const alone = aPendingTask(9, { needs: { gpus: 8, vramMiB: GIB } });
    const decisions = decided([...members, alone], [node(1, 8), node(2, 3), node(3, 3)]);
    expect(told(decisions)).toEqual(['1:gang_no_room', '2:gang_no_room', '9@worker-00001/0,1,2,3,4,5,6,7']);
    expect(places(decided(members, [node(1, 8), node(2, 4)]))).toEqual(['1,2', 'gang_zone']);
  });

  it('SCH-40: waits until all its members are there', () => {
    const members = gang(1, 3, 1);
    expect(told(decided(members.slice(1), [node(1, 8)]))).toEqual(['2:gang_incomplete', '3:gang_incomplete']);
    expect(places(decided(members, [node(1, 8)]))).toEqual(['1,1,1', 'gang_nvlink']);
  });

  it.each([
    ['nvlink', [node(1, 4), node(2, 8)], '2,2', 'gang_nvlink'],
    ['node', [node(1, 4), node(2, 8)], '2,2', 'gang_nvlink'],
    ['rack', [node(1, 4, { rack: 'a' }), node(2, 7, { rack: 'b' }), node(3, 4, { rack: 'a' })], '1,3', 'gang_rack'],
    ['zone', [node(1, 4, { zone: 'a' }), node(2, 7, { zone: 'b' }), node(3, 4, { zone: 'a' })], '1,3', 'gang_zone'],
    [
      'zone',
      [node(1, 4, { zone: 'a', rack: '1' }), node(2, 7), node(3, 4, { zone: 'a', rack: '2' })],
      '1,3',
      'gang_zone',
    ],
  ] as const)('SCH-41: within a %s takes the closest level that has room', (within, workers, at, reason) => {
    expect(places(decided(gang(1, 2, 4, within), workers))).toEqual([at, reason]);
  });

  it.each([
    ['nvlink', [node(1, 7)]],
    ['node', [node(1, 4), node(2, 4)]],
    ['rack', [node(1, 4, { rack: 'a' }), node(2, 4, { rack: 'b' })]],
    ['zone', [node(1, 4, { zone: 'a' }), node(2, 4, { zone: 'b' })]],
  ] as const)('SCH-30, 41: does not start wider than a %s', (within, workers) => {
    expect(places(decided(gang(1, 2, 4, within), workers))).toEqual(['-,-', 'gang_no_room']);
  });

  it('SCH-41: within one NVLink group of a node where the node has two', () => {
    const groups = [0, 0, 0, 0, 1, 1, 1, 1];
    const split = node(1, 8);
    const devices = split.devices?.map((gpu, at) => ({ ...gpu, nvlinkGroup: groups[at] ?? 0 })) ?? [];
    expect(told(decided(gang(1, 2, 2, 'nvlink'), [{ ...split, devices }]))).toEqual([
      '1@worker-00001/0,1',
      '2@worker-00001/2,3',
    ]);
    expect(places(decided(gang(1, 2, 3, 'nvlink'), [{ ...split, devices }]))).toEqual(['-,-', 'gang_no_room']);
    expect(places(decided(gang(1, 2, 3, 'node'), [{ ...split, devices }]))).toEqual(['1,1', 'gang_node']);
  });

  it('SCH-41: all members in the group that has room for them, although one would fit the other better', () => {
    const partly = node(1, 5);
    const devices = partly.devices?.map((gpu, at) => ({ ...gpu, nvlinkGroup: at < 1 || at > 4 ? 0 : 1 })) ?? [];
    expect(told(decided(gang(1, 2, 1, 'nvlink'), [{ ...partly, devices }]))).toEqual([
      '1@worker-00001/1',
      '2@worker-00001/2',
    ]);
  });

  it('uses as few nodes as it can, and the rest of one that it fills', () => {
    const workers = [node(1, 2), node(2, 6), node(3, 3), node(4, 2)];
    expect(places(decided(gang(1, 4, 2), workers))).toEqual(['2,2,2,1', 'gang_zone']);
  });

  it('respects slots and machines that tell of slots only', () => {
    const slots = [aWorkerView(1, { gpus: 2, slots: 1 }), aWorkerView(2, { gpus: 2, slots: 2 })];
    expect(places(decided(gang(1, 2, 1, 'node'), slots))).toEqual(['2,2', 'gang_nvlink']);
    expect(places(decided(gang(1, 3, 1), slots))).toEqual(['2,2,1', 'gang_zone']);
    expect(places(decided(gang(1, 4, 1), slots))).toEqual(['-,-,-,-', 'gang_no_room']);
  });

  it('is not cut in two by the limit of a cycle', () => {
    const tasks = [aPendingTask(1, { requestedAt: 0 }), ...gang(2, 3, 1)];
    expect(places(decided(tasks, [node(1, 8)], 0, { maxPlacements: 3 }))).toEqual([
      '1,-,-,-',
      'least_fragmentation,cycle_limit',
    ]);
    expect(places(decided(gang(2, 3, 1), [node(1, 8)], 0, { maxPlacements: 2 }))).toEqual(['1,1,1', 'gang_nvlink']);
  });
});

describe('what has waited too long', () => {
  const workers = [node(1, 8), node(2, 6)];
  const small = [1, 2, 3].map((number) =>
    aPendingTask(20 + number, { needs: { gpus: 1, vramMiB: GIB }, requestedAt: 9 * HOUR_MS }),
  );

  it('SCH-40: has capacity held for it, so that backfill does not starve a gang', () => {
    const waiting = gang(1, 2, 8, undefined, { requestedAt: 0 });
    expect(told(decided([...waiting, ...small], workers, HOUR_MS)).filter((text) => text.includes('@'))).toHaveLength(
      3,
    );
    expect(told(decided([...waiting, ...small], workers, 10 * HOUR_MS))).toEqual([
      '1:gang_no_room',
      '2:gang_no_room',
      ...[21, 22, 23].map((number) => `${number}:held_for_older`),
    ]);
  });

  it('holds no more than it needs', () => {
    const spare = node(3, 4, {}, { taskTypes: ['ti2v-5B'] });
    const waiting = gang(1, 2, 8, undefined, { requestedAt: 0 });
    const decisions = told(decided([...waiting, ...small], [...workers, spare], 10 * HOUR_MS));
    expect(decisions.filter((text) => text.includes('@worker-00003'))).toHaveLength(3);
  });

  it('starts as soon as what it waits for has ended, although smaller work came all the time', () => {
    const waiting = gang(1, 2, 8, undefined, { requestedAt: 0 });
    const decisions = decided([...waiting, ...small], [node(1, 8), node(2, 8)], 10 * HOUR_MS);
    expect(places(decisions)[0]).toBe('1,2,-,-,-');
  });

  it('is a single task too, and one node is held for it', () => {
    const big = aPendingTask(1, { needs: { gpus: 8, vramMiB: GIB }, requestedAt: 0 });
    const decisions = told(decided([big, ...small], [node(1, 5), node(2, 6)], 10 * HOUR_MS));
    expect(decisions[0]).toBe('1:pool_busy');
    expect(decisions.filter((text) => text.includes('@worker-00001'))).toHaveLength(3);
    expect(decisions.filter((text) => text.includes('@worker-00002'))).toHaveLength(0);
  });

  it('is held the machine that is expected to be empty first, however little is free there now', () => {
    const big = aPendingTask(1, { needs: { gpus: 8, vramMiB: GIB }, requestedAt: 0 });
    const until = (expectedEndAt: number): Partial<WorkerView> => ({
      running: [{ ...big, preemptible: false, startedAt: 0, unsavedMs: 0, preemptions: 0, expectedEndAt }],
    });
    const machines = [node(1, 6, {}, until(20 * HOUR_MS)), node(2, 3, {}, until(11 * HOUR_MS))];
    const decisions = told(decided([big, ...small], machines, 10 * HOUR_MS));
    expect(decisions.filter((text) => text.includes('@worker-00001'))).toHaveLength(3);
  });

  it('has nothing held beyond the limit of holds in a cycle', () => {
    const big = (number: number, gpus: number): PendingTask =>
      aPendingTask(number, { needs: { gpus, vramMiB: GIB }, requestedAt: 0 });
    const tasks = [big(1, 8), big(2, 7), ...small];
    const held = decided(tasks, [node(1, 6), node(2, 5)], 10 * HOUR_MS, { ...POLICY, maxHolds: 1 });
    expect(told(held).filter((text) => text.includes('@worker-00002'))).toHaveLength(3);
    const both = decided(tasks, [node(1, 6), node(2, 5)], 10 * HOUR_MS, { ...POLICY, maxHolds: 2 });
    expect(told(both).filter((text) => text.includes('@'))).toHaveLength(0);
  });
});
