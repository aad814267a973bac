import { describe, expect, it } from '@jest/globals';
import { BEARERS } from '../domain/attribution-rules.js';
import { account, balances } from '../domain/ledger.js';
import { checkBooks } from '../domain/invariants.js';
import {
  aSegment,
  capacity,
  closed,
  createFakeBilling,
  lost,
  ownTime,
  TASK,
  testId,
  usage,
  type BillingFact,
  type FakeBilling,
} from '../testing/index.js';

const TENANT = account.tenant('acme', 'default');

async function after(...facts: BillingFact[]): Promise<FakeBilling> {
  const billing = createFakeBilling();
  await billing.apply(facts);
  return billing;
}

/** GPU time by account, without the provider's side. */
function timeOf({ state }: FakeBilling): Readonly<Record<string, number>> {
  const sums = balances([...state.entries.values()].flatMap(({ lines }) => lines));
  return Object.fromEntries(
    [...sums]
      .filter(([name, { gpuMs }]) => gpuMs !== 0 && !name.startsWith('provider'))
      .map(([name, { gpuMs }]) => [name, gpuMs]),
  );
}

function charges({ published }: FakeBilling): readonly unknown[] {
  return published.map(({ data }) => data);
}

describe('attribution', () => {
  it.each(
    Object.entries(BEARERS).flatMap(([outcome, byFault]) =>
      Object.entries(byFault).map(([fault, bearer]) => [outcome, fault, bearer] as const),
    ),
  )('rules 7 and 8: an attempt that %s (fault: %s) is borne by %s', async (outcome, fault, bearer) => {
    const end = { outcome, fault } as { outcome: 'failed'; fault: 'user' };
    const billing = await after(capacity(), usage([aSegment()]), closed(end));
    expect(timeOf(billing)).toEqual({ [bearer === 'tenant' ? TENANT : bearer]: 10_000 });
    expect(charges(billing)).toMatchObject([{ gpuMs: 10_000, billedGpuMs: bearer === 'tenant' ? 10_000 : 0 }]);
  });

  it("a failure without a named fault is the user's own", async () => {
    expect(timeOf(await after(capacity(), usage([aSegment()]), closed({ outcome: 'failed' })))).toEqual({
      [TENANT]: 10_000,
    });
  });

  it('waits on the pending account until the attempt is closed', async () => {
    const billing = await after(capacity(), usage([aSegment()]));
    expect(timeOf(billing)).toEqual({ [account.pending(TASK)]: 10_000 });
    expect(charges(billing)).toEqual([]);
  });

  it("P7: time of a stale epoch, of another instance and beyond the count is the platform's loss", async () => {
    const billing = await after(
      capacity({ gpus: 4 }),
      capacity({ instanceId: 'instance-2' }),
      usage([aSegment(), aSegment({ gpu: 1, epoch: 7 }), aSegment({ gpu: 2, seq: 2 })]),
      usage([aSegment({ instanceId: 'instance-2' })], 'instance-2'),
      closed(),
    );
    expect(timeOf(billing)).toEqual({ [TENANT]: 10_000, 'loss:platform': 30_000 });
  });

  it('P13: splits a segment at the instant its attempt was closed', async () => {
    const billing = await after(capacity(), usage([aSegment()]), closed({ closedAt: 6_500 }));
    expect(timeOf(billing)).toEqual({ [TENANT]: 6_500, 'loss:platform': 3_500 });
  });

  it("rule 5: the cost of a model load is the tenant's, or the platform's by policy", async () => {
    const facts = [capacity(), usage([aSegment({ kind: 'load' })]), closed()];
    expect(timeOf(await after(...facts))).toEqual({ [TENANT]: 10_000 });
    const kind = createFakeBilling({ policy: { loadBearer: 'platform' } });
    await kind.apply(facts);
    expect(timeOf(kind)).toEqual({ 'loss:platform': 10_000 });
  });

  it('rule 9: a tenant bears nothing of an attempt whose segments nobody counted', async () => {
    const { event } = lost({ outcome: 'cancelled' }) as Extract<BillingFact, { kind: 'closed' }>;
    const billing = await after(capacity(), usage([aSegment()]), { kind: 'closed', event });
    expect(timeOf(billing)).toEqual({ 'loss:platform': 10_000 });
  });
});

describe('instances', () => {
  it('BIL-02 I1: what no segment names is overhead when an instance is closed, and idle time stays with the pool', async () => {
    const billing = await after(
      capacity({ gpus: 2 }),
      usage([
        ownTime({ kind: 'boot', endMs: 500 }),
        ownTime({ seq: 2, startMs: 500, endMs: 2_000 }),
        aSegment({ startMs: 2_000, endMs: 9_000 }),
      ]),
      closed({ closedAt: 9_000 }),
      capacity({ change: 'closed', at: 12_345, gpus: 2 }),
    );
    expect(timeOf(billing)).toEqual({
      'overhead:local': 500 + 3_345 + 12_345,
      'idle:local': 1_500,
      [TENANT]: 7_000,
    });
    expect(checkBooks(billing.books())).toEqual([]);
  });

  it('quarantine: time outside the held time, a GPU twice, a GPU that is not there, work of nobody', async () => {
    const { tenantId: _tenant, taskId: _task, ...nobody } = aSegment({ seq: 9, startMs: 3_000, endMs: 3_100 });
    const billing = await after(
      capacity(),
      usage([
        aSegment({ startMs: 10_000, endMs: 20_000 }),
        aSegment({ seq: 2, startMs: 10_500, endMs: 11_000 }),
        aSegment({ seq: 3, gpu: 1 }),
        aSegment({ seq: 4, startMs: 90_000, endMs: 91_000 }),
        nobody,
      ]),
      capacity({ change: 'closed', at: 15_000 }),
    );
    const reasons = [...billing.state.statuses.values()].map(({ state, reason, quarantinedMs }) => [
      state,
      reason,
      quarantinedMs,
    ]);
    expect(reasons.sort()).toEqual([
      ['quarantined', 'no_work', 100],
      ['quarantined', 'outside_held_time', 1_000],
      ['quarantined', 'overcommitted', 500],
      ['quarantined', 'unknown_gpu', 10_000],
      ['rated', 'outside_held_time', 5_000],
    ]);
    expect(timeOf(billing)).toEqual({ [account.pending(TASK)]: 5_000, 'overhead:local': 10_000 });
  });

  it('own time gives way to work that claims the same instant', async () => {
    const billing = await after(
      capacity(),
      usage([ownTime({ endMs: 5_000 }), aSegment({ startMs: 4_999, endMs: 9_000 })]),
    );
    expect(timeOf(billing)).toEqual({ [account.pending(TASK)]: 4_001 });
  });

  it('a price that is heard of late takes the old posting back and makes a new one', async () => {
    const billing = await after(capacity({ pricePerGpuHour: '3600000000' }), usage([aSegment()]), closed());
    const before = billing.state.entries.size;
    await billing.apply([capacity({ change: 'price', at: 4_000, pricePerGpuHour: '7200000000' })]);
    const added = [...billing.state.entries.values()].slice(before);
    expect(added.map(({ kind, reverses }) => [kind, reverses === undefined])).toEqual([
      ['rate', false],
      ['rate', true],
      ['settle', false],
      ['settle', true],
    ]);
    expect((await billing.costs.ofTask('acme', TASK)).cost).toBe(16_000_000n);
    expect(charges(billing)).toMatchObject([{ cost: '10000000' }]);
  });
});

describe('charges', () => {
  it('once, when the final end and all segments of all attempts are there, whatever came first', async () => {
    const facts = [
      closed({ attempt: 2, epoch: 2, instanceId: 'instance-2', closedAt: 4_000, sequence: 7 }),
      usage([aSegment({ instanceId: 'instance-2', attempt: 2, epoch: 2, endMs: 4_000 })], 'instance-2'),
      closed({ outcome: 'failed', final: false, segmentCount: 2 }),
      usage([aSegment({ seq: 2, startMs: 10_000, endMs: 10_000 })]),
      capacity(),
      usage([aSegment()]),
      capacity({ instanceId: 'instance-2', pricePerGpuHour: '250000000' }),
    ];
    const billing = createFakeBilling();
    for (const fact of facts.slice(0, -1)) {
      await billing.apply([fact]);
      expect(charges(billing)).toEqual([]);
    }
    await billing.apply(facts.slice(-1));
    await billing.apply(facts);
    expect(charges(billing)).toEqual([
      {
        taskId: TASK,
        tenantId: 'acme',
        sequence: 7,
        chargedAt: '2026-01-01T00:00:00.000Z',
        currency: 'USD',
        cost: String(2_794_444 + 277_778),
        gpuMs: 14_000,
        billedGpuMs: 14_000,
        pricePerGpuHour: '250000000',
        byAttempt: [
          { attempt: 1, epoch: 1, outcome: 'failed', gpuMs: 10_000, cost: '2794444', account: TENANT },
          { attempt: 2, epoch: 2, outcome: 'succeeded', gpuMs: 4_000, cost: '277778', account: TENANT },
        ],
      },
    ]);
  });

  it('P13: usage that comes after the charge never reaches the tenant', async () => {
    const facts = [
      capacity({ gpus: 2 }),
      usage([aSegment()]),
      lost({ final: false }),
      closed({ attempt: 2, epoch: 2, segmentCount: 0 }),
    ];
    const billing = await after(...facts);
    expect(charges(billing)).toMatchObject([{ cost: '0', gpuMs: 10_000 }]);
    await billing.apply([
      usage([aSegment({ seq: 2, gpu: 1 }), aSegment({ seq: 1, attempt: 2, epoch: 2, startMs: 20_000 })]),
    ]);
    expect(timeOf(billing)).toEqual({ 'loss:platform': 30_000 });
    expect(charges(billing)).toHaveLength(1);
  });

  it('a task that ended while it waited for another attempt is charged when its last attempt is named the final one', async () => {
    const billing = await after(capacity(), usage([aSegment()]), closed({ outcome: 'failed', final: false }));
    expect(charges(billing)).toEqual([]);
    await billing.apply([lost({ outcome: 'failed', final: true, closedAt: 0, sequence: 9 })]);
    expect(charges(billing)).toMatchObject([{ billedGpuMs: 10_000, sequence: 9 }]);
  });

  it('P3: nothing is kept of a transaction that fails, and the next try does it all', async () => {
    const billing = createFakeBilling({ rollsBack: true });
    await billing.apply([capacity(), usage([aSegment()])]);
    billing.failNextCommit(new Error('connection lost'));
    await expect(billing.apply([closed()])).rejects.toThrow('connection lost');
    expect(timeOf(billing)).toEqual({ [account.pending(TASK)]: 10_000 });
    await billing.apply([closed()]);
    expect(charges(billing)).toHaveLength(1);
  });

  it('a segment of no length, at the very start, waits for its price like any other', async () => {
    const billing = await after(usage([aSegment({ endMs: 0 })]), closed({ closedAt: 0 }));
    expect(charges(billing)).toEqual([]);
    await billing.apply([capacity()]);
    expect(charges(billing)).toMatchObject([{ cost: '0', gpuMs: 0 }]);
  });

  it('carries on the trace of the task', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const end = closed() as Extract<BillingFact, { kind: 'closed' }>;
    const billing = await after({ ...end, event: { ...end.event, traceparent } }, capacity(), usage([aSegment()]));
    expect(billing.published).toMatchObject([{ traceparent, tenantId: 'acme' }]);
  });
});

describe('ReadCosts', () => {
  it('BIL-05: shows each attempt and who bears it, waste apart', async () => {
    const billing = await after(
      capacity(),
      usage([aSegment(), aSegment({ attempt: 2, epoch: 2, startMs: 10_000, endMs: 14_000 })]),
      closed({ outcome: 'preempted', final: false }),
      closed({ attempt: 2, epoch: 2, closedAt: 13_000 }),
    );
    expect(await billing.costs.ofTask('acme', TASK)).toEqual({
      taskId: TASK,
      cost: 838_333n,
      gpuMs: 14_000,
      billedGpuMs: 3_000,
      pricePerGpuHour: 1_006_000_000n,
      chargedAt: '2026-01-01T00:00:00.000Z',
      byAttempt: [
        { attempt: 1, epoch: 1, outcome: 'preempted', gpuMs: 10_000, cost: 0n, account: 'loss:preemption' },
        { attempt: 2, epoch: 2, outcome: 'succeeded', gpuMs: 1_000, cost: 0n, account: 'loss:platform' },
        { attempt: 2, epoch: 2, outcome: 'succeeded', gpuMs: 3_000, cost: 838_333n, account: TENANT },
      ],
    });
  });

  it('shows a task that runs as pending, at no cost yet', async () => {
    const billing = await after(capacity(), usage([aSegment()]));
    expect(await billing.costs.ofTask('acme', TASK)).toMatchObject({
      cost: 0n,
      chargedAt: undefined,
      byAttempt: [{ outcome: undefined, account: account.pending(TASK) }],
    });
  });

  it.each([
    ['a foreign task', 'globex', TASK],
    ['an unknown task', 'acme', testId('unknown')],
  ])('P18: %s is not found', async (_, tenant, task) => {
    const billing = await after(capacity(), usage([aSegment()]), closed());
    await expect(billing.costs.ofTask(tenant, task)).rejects.toMatchObject({
      kind: 'not-found',
      code: 'task_not_found',
    });
  });
});
