import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool, serviceRoles } from '@millrace/adapter-postgres';
import { idOf } from '@millrace/scheduling/testing';
import { eventually } from '@millrace/test-kit';
import { startSchedulerRig, type SchedulerRig } from './testing/scheduler-rig.js';

const START_MS = 90_000;
const POLICY = {
  tenants: { capped: { quota: { gpus: 1 } } },
  slackGpuSeconds: 0,
  preemption: { minWaitS: 0, minRunS: 0 },
  pools: { local: { taskTypes: ['noop', 'long'], gpus: 1, vramMiB: 81_920 } },
};
let rig: SchedulerRig;

beforeAll(async () => {
  rig = await startSchedulerRig(POLICY);
}, START_MS);
afterAll(() => rig?.stop(), START_MS);

const lastAssigned = async (count: number) => {
  await eventually(() => expect(rig.assigned).toHaveLength(count));
  const last = rig.assigned.at(-1);
  if (last === undefined) throw new Error('something was assigned');
  return last;
};

const tenantIn = (tenantId: string, taskType = 'noop') =>
  rig.snapshots
    .at(-1)
    ?.lanes.find((lane) => lane.taskType === taskType)
    ?.tenants?.find((tenant) => tenant.tenantId === tenantId);

describe('the production cycle with the whole policy', () => {
  it('SCH-39: a greedy tenant does not delay a small one, whoever came first', async () => {
    const greedy = Array.from({ length: 200 }, (_, n) => ({ taskId: idOf(n + 1), tenantId: 'greedy' }));
    await rig.request(...greedy);
    await rig.request({ taskId: idOf(500), tenantId: 'small' }, { taskId: idOf(501), tenantId: 'small' });
    await eventually(() => expect(tenantIn('small')?.waiting).toBe(2));
    await rig.register();
    const order: string[] = [];
    for (let done = 1; done <= 6; done++) {
      const assigned = await lastAssigned(done);
      order.push(assigned.tenantId);
      await rig.report(assigned, 'started');
      await rig.report(assigned, 'succeeded', { gpuMs: 5_000, engine: 'noop' });
    }
    expect(order.filter((tenantId) => tenantId === 'small')).toHaveLength(2);
    expect(order.slice(0, 4)).toEqual(expect.arrayContaining(['small', 'greedy']));
  }, 60_000);

  it('tells each tenant where it stands, by runs once there are some', async () => {
    // One of them may find the worker free.
    await rig.request({ taskId: idOf(600), tenantId: 'late' }, { taskId: idOf(601), tenantId: 'late' });
    await eventually(() => expect(tenantIn('late')).toMatchObject({ basis: 'history' }));
    const { first, waitingReason } = tenantIn('late') ?? {};
    expect(waitingReason?.code).toBe('pool_busy');
    expect(first?.position).toBeGreaterThanOrEqual(1);
    expect(first?.finishS?.p90).toBeGreaterThanOrEqual(first?.finishS?.p50 ?? Infinity);
    expect(rig.snapshots.at(-1)?.catalogue).toEqual([
      { pool: 'local', taskTypes: ['noop', 'long'], gpus: 1, vramMiB: 81_920 },
    ]);
  });

  it('foretells by the runs that ended, and keeps them for the next leader', async () => {
    const role = serviceRoles('scheduler').system;
    const client = createPool({ url: rig.databaseUrl, role, applicationName: 'spec' });
    try {
      const { rows } = await client.query('SELECT id, prediction FROM scheduler.tasks WHERE id = ANY($1)', [
        [idOf(1), idOf(600)],
      ]);
      const predictions = new Map(rows.map(({ id, prediction }) => [id, prediction]));
      expect(predictions.get(idOf(1))).toMatchObject({ basis: 'profile', samples: 0, p50GpuMs: 180_000 });
      expect(predictions.get(idOf(600)).basis).toBe('history');
      expect(predictions.get(idOf(600)).p50GpuMs).toBeLessThan(60_000);
      const lengths = await client.query('SELECT gpu_ms FROM scheduler.run_lengths');
      expect(lengths.rows[0].gpu_ms.length).toBeGreaterThanOrEqual(6);
      const served = await client.query('SELECT sum(gpu_ms)::int AS ms FROM scheduler.served');
      expect(served.rows[0].ms).toBe(5_000 * lengths.rows[0].gpu_ms.length);
    } finally {
      await client.end();
    }
  });

  it('SCH-39: over its quota a tenant waits, and only it is told so', async () => {
    await rig.register({ workerId: 'worker-2', incarnation: idOf(0xa2), slots: 4, taskTypes: ['long'] });
    await rig.request(
      { taskId: idOf(700), tenantId: 'capped', taskType: 'long' },
      { taskId: idOf(701), tenantId: 'capped', taskType: 'long' },
    );
    await eventually(() => expect(tenantIn('capped', 'long')?.waitingReason?.code).toBe('tenant_quota'));
    const lane = rig.snapshots.at(-1)?.lanes.find(({ taskType }) => taskType === 'long');
    expect(lane).toMatchObject({ waiting: 1, running: 1 });
    expect(lane?.waitingReason).toBeUndefined();
    expect(tenantIn('capped', 'long')?.first).not.toHaveProperty('startS');
    const running = rig.assigned.filter(({ tenantId }) => tenantId === 'capped');
    expect(running).toHaveLength(1);
    await rig.report(running[0] as (typeof running)[0], 'succeeded', { gpuMs: 10, engine: 'noop' });
    await eventually(() => expect(rig.assigned.filter(({ tenantId }) => tenantId === 'capped')).toHaveLength(2));
  });

  it('QUE-11: low-priority work steps aside at a step, and goes on from its checkpoint with no retry used', async () => {
    const worker = { workerId: 'worker-3', incarnation: idOf(0xa3), taskTypes: ['pre'] };
    await rig.register(worker);
    const of = (taskId: string) => rig.assigned.filter((assigned) => assigned.taskId === taskId);
    await rig.request({ taskId: idOf(800), taskType: 'pre', priority: -1, maxRetries: 0 });
    await eventually(() => expect(of(idOf(800))).toHaveLength(1));
    const low = of(idOf(800))[0] as (typeof rig.assigned)[0];
    await rig.report(low, 'started');
    await rig.request({ taskId: idOf(801), taskType: 'pre', priority: 1 });
    await eventually(() =>
      expect(rig.stopped).toMatchObject([{ taskId: idOf(800), epoch: 1, reason: 'higher_class' }]),
    );
    await eventually(() =>
      expect(rig.snapshots.at(-1)?.lanes.find(({ taskType }) => taskType === 'pre')).toMatchObject({
        priority: 1,
        waitingReason: { code: 'preempting' },
      }),
    );
    const checkpoint = { key: 'checkpoints/800', step: 7, modelHash: 'h' };
    await rig.report(low, 'preempted', { checkpoint, step: 7, gpuMs: 700 });
    await eventually(() => expect(of(idOf(801))).toHaveLength(1));
    expect(of(idOf(800))).toHaveLength(1);
    await rig.report(of(idOf(801))[0] as (typeof rig.assigned)[0], 'succeeded', { gpuMs: 5, engine: 'noop' });
    await eventually(() => expect(of(idOf(800))).toHaveLength(2));
    expect(of(idOf(800))[1]).toMatchObject({ attempt: 2, epoch: 2, resumeFrom: checkpoint });
    // It was told once: what is stopping already is not told again.
    expect(rig.stopped).toHaveLength(1);
  });
});
