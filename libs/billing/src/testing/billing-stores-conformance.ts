import { beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@millrace/kernel';
import type { UnitOfWork } from '@millrace/messaging/ports';
import type { Segment } from '../domain/segment.js';
import type { BillingScope, CostReader, PostedEntry, SegmentStatus, StoredClosure } from '../engine/ports/index.js';
import { testId } from './facts.js';

export interface StoresUnderTest {
  readonly unitOfWork: UnitOfWork<BillingScope>;
  readonly reader: CostReader;
}

const TASK = testId('conformance');
const OTHER = testId('another task');
const NOW_MS = new VirtualClock().now();

function segment(name: string, part: Partial<Segment> = {}): Segment {
  return {
    segmentId: testId(name),
    instanceId: 'i-1',
    gpu: 0,
    kind: 'run',
    work: { tenantId: 'acme', taskId: TASK, costCentre: 'films', attempt: 1, epoch: 1 },
    seq: 1,
    startMs: 0,
    endMs: 10,
    gpuMs: 10,
    sharePpm: 1_000_000,
    ...part,
  };
}

function closure(part: Partial<StoredClosure> = {}): StoredClosure {
  return {
    taskId: TASK,
    tenantId: 'acme',
    costCentre: 'films',
    attempt: 1,
    epoch: 1,
    instanceId: 'i-1',
    outcome: 'succeeded',
    fault: 'user',
    closedAtMs: 10,
    segmentCount: undefined,
    final: false,
    sequence: 3,
    traceparent: undefined,
    ...part,
  };
}

function entry(name: string, part: Partial<PostedEntry> = {}): PostedEntry {
  return {
    entryId: testId(name),
    kind: 'rate',
    subject: testId('subject'),
    revision: 1,
    ruleVersion: 1,
    reverses: undefined,
    lines: [
      { account: `pending:${TASK}`, amount: 9_007_199_254_740_993n, gpuMs: 10 },
      { account: 'provider:local', amount: -9_007_199_254_740_993n, gpuMs: -10 },
    ],
    context: { instanceId: 'i-1', gpu: 0, work: { tenantId: 'acme', taskId: TASK, attempt: 1, epoch: 1 } },
    ...part,
  };
}

function ids(segments: readonly { readonly segmentId: string }[]): readonly string[] {
  return segments.map(({ segmentId }) => segmentId).sort();
}

/** What every set of billing stores must do. `create` gives empty ones. */
export function billingStoresConformance(name: string, create: () => Promise<StoresUnderTest>): void {
  describe(`billing stores: ${name}`, () => {
    let under: StoresUnderTest;
    const run = <Result>(work: (scope: BillingScope) => Promise<Result>): Promise<Result> => under.unitOfWork.run(work);
    beforeEach(async () => {
      under = await create();
    });

    describe('segments', () => {
      it('P11: are stored once: a known id is left alone, whatever it says now', async () => {
        const first = segment('a');
        const own = segment('own', { kind: 'idle', work: undefined, gpu: 1 });
        expect(await run(({ segments }) => segments.insert([first, own, first]))).toHaveLength(2);
        expect(await run(({ segments }) => segments.insert([{ ...first, gpuMs: 9 }]))).toEqual([]);
        expect(await run(({ segments }) => segments.ofTasks([TASK]))).toEqual([first]);
        expect(await run(({ segments }) => segments.meeting([own]))).toEqual([own]);
      });

      it('meet when they use the same GPU at the same time, and themselves', async () => {
        const seeds = [
          segment('a'),
          segment('touching', { startMs: 10, endMs: 20 }),
          segment('across', { startMs: 5, endMs: 15 }),
          segment('other gpu', { gpu: 1 }),
          segment('other instance', { instanceId: 'i-2' }),
          segment('empty', { startMs: 30, endMs: 30, gpuMs: 0 }),
        ];
        await run(({ segments }) => segments.insert(seeds));
        const met = await run(({ segments }) =>
          segments.meeting([segment('a'), segment('empty', { startMs: 30, endMs: 30 })]),
        );
        expect(ids(met)).toEqual([testId('a'), testId('across'), testId('empty')].sort());
        expect(await run(({ segments }) => segments.meeting([]))).toEqual([]);
      });

      it('meet neither where stretches asked for touch nor beyond them', async () => {
        const inTheJoint = segment('in the joint', { startMs: 10, endMs: 10, gpuMs: 0 });
        const within = segment('within', { startMs: 15, endMs: 15, gpuMs: 0 });
        const after = segment('after', { startMs: 20, endMs: 25, gpuMs: 5 });
        await run(({ segments }) => segments.insert([inTheJoint, within, after]));
        const met = await run(({ segments }) =>
          segments.meeting([segment('a'), segment('touching', { startMs: 10, endMs: 20 })]),
        );
        expect(ids(met)).toEqual([testId('within')]);
      });

      it('are found by instance from an instant on', async () => {
        await run(({ segments }) =>
          segments.insert([
            segment('a'),
            segment('b', { startMs: 10, endMs: 20 }),
            segment('c', { instanceId: 'i-2' }),
          ]),
        );
        const found = await run(({ segments }) =>
          segments.ofInstances([
            { instanceId: 'i-1', endingAfterMs: 10 },
            { instanceId: 'i-2', endingAfterMs: -1 },
          ]),
        );
        expect(ids(found)).toEqual([testId('b'), testId('c')].sort());
      });

      it('keep their latest status, and sum what was rated by instance, GPU and price', async () => {
        const standing = { revision: 2, ruleVersion: 1, lines: [{ account: 'tenant:a:"b"', amount: 7n, gpuMs: 10 }] };
        const status = (name: string, cost: bigint): SegmentStatus => ({
          segmentId: testId(name),
          state: 'rated',
          reason: 'outside_held_time',
          quarantinedMs: 3,
          rated: [
            { pricePerGpuHour: 5n, gpuMs: 4, cost },
            { pricePerGpuHour: 9_007_199_254_740_993n, gpuMs: 2, cost: 1n },
          ],
          rate: standing,
          settle: { revision: 0, ruleVersion: 1, lines: [] },
        });
        await run(({ segments }) => segments.insert([segment('a'), segment('b', { startMs: 10, endMs: 20 })]));
        await run(({ segments }) => segments.saveStatuses([status('a', 1n), status('b', 2n)]));
        await run(({ segments }) => segments.saveStatuses([status('a', 10n)]));
        expect(await run(({ segments }) => segments.statuses([testId('a'), testId('unknown')]))).toEqual([
          status('a', 10n),
        ]);
        const usage = await run(({ segments }) => segments.ratedUsage(['i-1', 'i-2']));
        expect([...usage].sort((x, y) => Number(x.pricePerGpuHour - y.pricePerGpuHour))).toEqual([
          { instanceId: 'i-1', gpu: 0, pricePerGpuHour: 5n, gpuMs: 8, cost: 12n },
          { instanceId: 'i-1', gpu: 0, pricePerGpuHour: 9_007_199_254_740_993n, gpuMs: 4, cost: 2n },
        ]);
      });
    });

    it('P11: a change of capacity is stored once', async () => {
      const opened = {
        instanceId: 'i-1',
        pool: 'local',
        change: 'opened',
        gpus: 2,
        capacity: 'spot',
        pricePerGpuHour: 250_000_000n,
        atMs: 0,
      } as const;
      expect(await run(({ prices }) => prices.insert([opened, opened]))).toEqual([opened]);
      expect(await run(({ prices }) => prices.insert([opened, { ...opened, change: 'closed', atMs: 9 }]))).toHaveLength(
        1,
      );
      expect(await run(({ prices }) => prices.ofInstances(['i-1']))).toHaveLength(2);
      expect(await run(({ prices }) => prices.ofInstances(['i-2']))).toEqual([]);
    });

    it('closures merge to the same in either order', async () => {
      const counted = closure({ segmentCount: 4, traceparent: '00-1-2-01' });
      const final = closure({ final: true, sequence: 5, closedAtMs: 0 });
      const merged = { ...counted, final: true, sequence: 5 };
      await run(({ closures }) => closures.merge([counted, closure({ taskId: OTHER })]));
      await run(({ closures }) => closures.merge([final, { ...final, taskId: OTHER }]));
      await run(({ closures }) => closures.merge([{ ...counted, taskId: OTHER }]));
      expect(await run(({ closures }) => closures.ofTasks([TASK]))).toEqual([merged]);
      expect(await run(({ closures }) => closures.ofTasks([OTHER]))).toEqual([{ ...merged, taskId: OTHER }]);
      expect(await run(({ closures }) => closures.lastClosedMs(['i-1', 'i-9']))).toEqual(new Map([['i-1', 10]]));
    });

    it('P11: the ledger takes an entry once, and a charge is new once', async () => {
      const charge = {
        taskId: TASK,
        tenantId: 'acme',
        sequence: 4,
        cost: 5n,
        gpuMs: 10,
        billedGpuMs: 9,
        pricePerGpuHour: 5n,
        byAttempt: [],
      };
      for (const fresh of [[TASK], []]) {
        await run(({ ledger }) => ledger.append([entry('e')], NOW_MS));
        expect(await run(({ charges }) => charges.insert([charge], NOW_MS))).toEqual(fresh);
      }
      expect(await run(({ charges }) => charges.charged([TASK, OTHER]))).toEqual(new Set([TASK]));
      const facts = await under.reader.ofTask('acme', TASK);
      expect(facts?.balances).toEqual([
        { attempt: 1, epoch: 1, account: `pending:${TASK}`, amount: 9_007_199_254_740_993n, gpuMs: 10 },
      ]);
      expect(facts?.chargedAt).toBe('2026-01-01T00:00:00.000Z');
    });

    it('keep the standing of a closing', async () => {
      const closing = (revision: number) => ({
        instanceId: 'i-1',
        gpu: 1,
        standing: { revision, ruleVersion: 1, lines: [{ account: 'rounding', amount: -3n, gpuMs: 0 }] },
      });
      await run(({ ledger }) => ledger.saveClosings([closing(1)]));
      await run(({ ledger }) => ledger.saveClosings([closing(2)]));
      expect(await run(({ ledger }) => ledger.closings(['i-1', 'i-2']))).toEqual([closing(2)]);
    });

    it('P18: the reader shows a tenant its own tasks only', async () => {
      await run(({ ledger }) => ledger.append([entry('e')], NOW_MS));
      await run(({ closures }) => closures.merge([closure()]));
      expect(await under.reader.ofTask('globex', TASK)).toBeUndefined();
      expect(await under.reader.ofTask('acme', OTHER)).toBeUndefined();
      const facts = await under.reader.ofTask('acme', TASK);
      expect(facts?.outcomes).toMatchObject([{ attempt: 1, epoch: 1, outcome: 'succeeded' }]);
      expect(facts?.chargedAt).toBeUndefined();
    });
  });
}
