import { describe, expect, it } from '@jest/globals';
import type { EventData, taskRequested } from '@millrace/contracts';
import { AppError, VirtualClock, seededRng, silentLogger, uuidv7 } from '@millrace/kernel';
import { createPropagatingTracer } from '@millrace/messaging';
import { traceIdOf } from '@millrace/messaging/ports';
import type { MachineFacts } from '../domain/queue-outlook.js';
import { createCatalogue } from '../domain/task-type.js';
import { UMBRELLA, aPrincipal, aRequestedTask, createInMemoryIntake } from '../testing/index.js';
import { AcceptTasks, type AcceptInput, type AcceptOutcome } from './accept-tasks.js';

function make(
  options: { backlogMs?: number; dispatchLagMs?: number; refusedUrl?: string; machines?: readonly MachineFacts[] } = {},
) {
  const stores = createInMemoryIntake();
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const accept = new AcceptTasks({
    unitOfWork: stores.system.unitOfWork,
    addresses: { refusal: async (url, use) => (url === options.refusedUrl ? `The ${use} URL is refused.` : undefined) },
    backlog: { oldestUnpublishedMs: () => options.backlogMs ?? 0 },
    dispatch: { dispatchLagMs: () => options.dispatchLagMs ?? 0 },
    limits: { publishAgeMs: 30_000, dispatchLagMs: 60_000 },
    rules: {
      catalogue: createCatalogue({ model: 'demo-video@1', typicalS: 180, noop: true }),
      stepDelayAllowed: false,
    },
    machines: () => ({ machines: options.machines ?? [], unfit: new Map() }),
    estimate: () => 180,
    costCentre: 'default',
    maxRetries: 3,
    maxRetriesByType: { noop: 10 },
    clock,
    ids: { next: () => uuidv7(clock.now(), rng) },
    rng,
    tracer: createPropagatingTracer(rng),
    logger: silentLogger,
  });
  const run = async (...inputs: Partial<AcceptInput>[]): Promise<readonly AcceptOutcome[]> => {
    const outcomes = accept.execute(
      inputs.map((input) => ({ caller: aPrincipal(), request: aRequestedTask(), ...input })),
    );
    await clock.advance(10);
    return outcomes;
  };
  return { stores, accept, clock, run };
}

function accepted(outcome: AcceptOutcome | undefined) {
  if (outcome?.kind !== 'accepted') throw new Error(`refused: ${outcome?.error.code ?? 'nothing'}`);
  return outcome.task;
}

function codeOf(outcome: AcceptOutcome | undefined): string {
  return outcome?.kind === 'refused' ? outcome.error.code : 'accepted';
}

describe('AcceptTasks', () => {
  it('VEC-20: refuses what no declared machine could ever run, new or again, and leaves nothing behind', async () => {
    const small = { pool: 'a10g', taskTypes: ['ti2v-5B'], gpus: 1, vramMiB: 1_024 };
    const machines: (typeof small)[] = [];
    const { stores, accept, run } = make({ machines });
    const task = accepted((await run({}))[0]);
    machines.push(small);
    expect(codeOf((await run({}))[0])).toBe('no_fitting_machine');
    const request = stores.tasks.get(task.taskId)?.request;
    if (request === undefined) throw new Error('the task was accepted');
    await expect(accept.repeat({ request })).rejects.toMatchObject({ code: 'no_fitting_machine' });
    expect(stores.tasks.size).toBe(1);
  });

  it('API-01, API-18: writes the task and its event in one transaction', async () => {
    const { stores, run } = make();
    const task = accepted((await run({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }))[0]);
    expect(stores.tasks.get(task.taskId)).toMatchObject({
      state: 'queued',
      sequence: 0,
      request: { tenantId: 'acme', estimatedS: 180 },
    });
    const [event] = stores.system.published;
    const data = event?.data as EventData<typeof taskRequested>;
    expect(data).toMatchObject({
      taskId: task.taskId,
      tenantId: 'acme',
      input: { prompt: 'a red ball' },
      resolution: { width: 832, height: 480 },
    });
    expect(data.parameters.seed).toEqual(expect.any(Number));
    expect([event?.traceparent, task.traceparent].map((parent) => traceIdOf(parent ?? undefined))).toEqual(
      Array(2).fill('0af7651916cd43dd8448eb211c80319c'),
    );
  });

  it('API-18: a commit that fails leaves neither task nor event', async () => {
    const { stores, accept, clock } = make();
    stores.system.failNextCommit(new AppError({ kind: 'unavailable', code: 'service_unavailable', message: 'no' }));
    const failing = expect(accept.execute([{ caller: aPrincipal(), request: aRequestedTask() }])).rejects.toMatchObject(
      { kind: 'unavailable' },
    );
    await clock.advance(10);
    await failing;
    expect([stores.tasks.size, stores.system.published.length]).toEqual([0, 0]);
  });

  it.each([
    ['an unknown type', { request: aRequestedTask({ taskType: 'nope' }) }, 'task_type_unknown'],
    ['priority 1 without entitlement', { request: aRequestedTask({ priority: 1 }) }, 'priority_not_entitled'],
    ['a refused callback', { request: aRequestedTask({ callbackUrl: 'http://10.0.0.1/' }) }, 'address_refused'],
    [
      'a refused image',
      { request: aRequestedTask({ input: { prompt: 'x', imageUrl: 'http://10.0.0.1/' } }) },
      'address_refused',
    ],
  ])('API-11: %s leaves no task, no event and no claim of the key', async (_name, input, code) => {
    const { stores, run } = make({ refusedUrl: 'http://10.0.0.1/' });
    expect(codeOf((await run({ ...input, idempotencyKey: 'k' }))[0])).toBe(code);
    expect([stores.tasks.size, stores.system.published.length, stores.idempotency.size]).toEqual([0, 0, 0]);
  });

  it('names the field of a refused address', async () => {
    const { run } = make({ refusedUrl: 'http://10.0.0.1/' });
    const [outcome] = await run({ request: aRequestedTask({ callbackUrl: 'http://10.0.0.1/' }) });
    expect(outcome?.kind === 'refused' && outcome.error.errors[0]?.pointer).toBe('/callback_url');
  });

  it('gives each input of a batch its own outcome', async () => {
    const { run } = make();
    const outcomes = await run({}, { request: aRequestedTask({ taskType: 'nope' }) }, {});
    expect(outcomes.map(codeOf)).toEqual(['accepted', 'task_type_unknown', 'accepted']);
  });

  describe('with an idempotency key (API-17, P2)', () => {
    it('answers the same body with the first answer', async () => {
      const { stores, run } = make();
      const first = accepted((await run({ idempotencyKey: 'k' }))[0]);
      const second = accepted((await run({ idempotencyKey: 'k' }))[0]);
      expect(second).toEqual({ ...first, replayed: true });
      expect([stores.tasks.size, stores.system.published.length]).toEqual([1, 1]);
    });

    it('refuses another body', async () => {
      const { stores, run } = make();
      await run({ idempotencyKey: 'k' });
      expect(codeOf((await run({ idempotencyKey: 'k', request: aRequestedTask({ priority: -1 }) }))[0])).toBe(
        'idempotency_key_reused',
      );
      expect(stores.tasks.size).toBe(1);
    });

    it('50 at once make one task', async () => {
      const { stores, run } = make();
      const outcomes = await run(...Array.from({ length: 50 }, () => ({ idempotencyKey: 'k' })));
      expect(new Set(outcomes.map((outcome) => accepted(outcome).taskId)).size).toBe(1);
      expect(outcomes.filter((outcome) => !accepted(outcome).replayed)).toHaveLength(1);
      expect([stores.tasks.size, stores.system.published.length]).toEqual([1, 1]);
    });

    it("another tenant's key of the same text is another key", async () => {
      const { stores, run } = make();
      await run({ idempotencyKey: 'k' }, { idempotencyKey: 'k', caller: aPrincipal({ tenantId: UMBRELLA }) });
      expect(stores.tasks.size).toBe(2);
    });
  });

  it('P21: takes nothing more while events wait to be published for over 30 s', async () => {
    const { accept } = make({ backlogMs: 30_001 });
    await expect(accept.execute([{ caller: aPrincipal(), request: aRequestedTask() }])).rejects.toMatchObject({
      code: 'service_unavailable',
      retryAfterMs: 5000,
    });
  });

  it('WRK-13: gives a task the failure retries of its type, or those of all', async () => {
    const { stores, run } = make();
    await run({ request: aRequestedTask({ taskType: 'noop' }) }, {});
    expect([...stores.tasks.values()].map(({ request }) => [request.taskType, request.maxRetries])).toEqual([
      ['noop', 10],
      ['ti2v-5B', 3],
    ]);
    const told = stores.system.published.map(({ data }) => (data as EventData<typeof taskRequested>).maxRetries);
    expect(told).toEqual([10, 3]);
  });

  it('accepts nothing while the scheduler is more than 60 s behind, or silent for as long', async () => {
    expect(codeOf((await make({ dispatchLagMs: 60_000 }).run({}))[0])).toBe('accepted');
    const { accept, stores } = make({ dispatchLagMs: 60_001 });
    await expect(accept.execute([{ caller: aPrincipal(), request: aRequestedTask() }])).rejects.toMatchObject({
      code: 'service_unavailable',
      retryAfterMs: 5000,
    });
    expect(stores.tasks.size).toBe(0);
  });
});
