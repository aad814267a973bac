import { describe, expect, it } from '@jest/globals';
import { taskRequested, type EventData } from '@millrace/contracts';
import { VirtualClock, seededRng, silentLogger, uuidv7, type TaskId } from '@millrace/kernel';
import { createPropagatingTracer } from '@millrace/messaging';
import { traceIdOf } from '@millrace/messaging/ports';
import { createCatalogue } from '../domain/task-type.js';
import type { TaskState } from '../domain/task-state.js';
import { ACME, UMBRELLA, aTaskId, aTaskRequest, createInMemoryIntake } from '../testing/index.js';
import { AcceptTasks } from './accept-tasks.js';
import { ReadTasks } from './read-tasks.js';
import { RetryTask, type RetryInput } from './retry-task.js';

/** One task of ACME that is in `state`. */
async function make({ state = 'failed' as TaskState, behindMs = 0, erased = false, priority = 0 } = {}) {
  const stores = createInMemoryIntake();
  const clock = new VirtualClock();
  const rng = seededRng(1);
  await stores.system.unitOfWork.run(async (scope) => {
    await scope.tasks.insert([aTaskRequest(1, { priority, maxRetries: 7 })]);
    const [view] = await scope.tasks.lock([aTaskId(1)]);
    if (view !== undefined) await scope.tasks.saveProgress([{ ...view, state, reason: 'dead_lettered', sequence: 9 }]);
  });
  if (erased) await stores.request.unitOfWork.run((scope) => scope.tenant.erase(ACME, aTaskId(1), 1));
  const accept = new AcceptTasks({
    unitOfWork: stores.system.unitOfWork,
    addresses: { refusal: async () => undefined },
    backlog: { oldestUnpublishedMs: () => behindMs },
    dispatch: { dispatchLagMs: () => 0 },
    limits: { publishAgeMs: 30_000, dispatchLagMs: 60_000 },
    rules: { catalogue: createCatalogue({ model: 'm', typicalS: 1, noop: false }), stepDelayAllowed: false },
    machines: () => ({ machines: [], unfit: new Map() }),
    estimate: () => 1,
    ...{ costCentre: 'default', maxRetries: 3, clock, rng, logger: silentLogger },
    ids: { next: () => uuidv7(clock.now(), rng) },
    tracer: createPropagatingTracer(rng),
  });
  const tasks = new ReadTasks(stores.reader);
  const retry = new RetryTask(tasks, accept);
  const run = async (input: Partial<RetryInput> = {}) => {
    const made = retry.execute({ tenantId: ACME, id: aTaskId(1), interactive: false, ...input });
    made.catch(() => {});
    await clock.advance(10);
    return made;
  };
  return { stores, run };
}

describe('RetryTask', () => {
  it.each<TaskState>(['completed', 'failed', 'cancelled', 'expired'])(
    'QUE-07: makes a new task of one that is %s: the same input, a new id, a trace of its own',
    async (state) => {
      const { stores, run } = await make({ state });
      const before = stores.tasks.get(aTaskId(1));
      const view = await run();
      const { id, traceparent, requestedAt: _at, retriedFrom, ...fields } = view.request;
      const {
        id: oldId,
        traceparent: oldTrace,
        requestedAt: _oldAt,
        ...oldFields
      } = aTaskRequest(1, { maxRetries: 7 });
      expect([view.state, view.sequence, retriedFrom]).toEqual(['queued', 0, oldId]);
      expect(fields).toEqual(oldFields);
      expect(id).not.toBe(oldId);
      expect(traceIdOf(traceparent ?? undefined)).not.toBe(traceIdOf(oldTrace ?? undefined));
      expect(stores.tasks.get(aTaskId(1))).toEqual(before);
      const [event] = stores.system.published;
      expect(event?.definition).toBe(taskRequested);
      expect(event?.data as EventData<typeof taskRequested>).toMatchObject({ taskId: id, parameters: { seed: 7 } });
    },
  );

  it.each<[TaskState]>([['queued'], ['processing']])('refuses a task that is %s', async (state) => {
    const { stores, run } = await make({ state });
    await expect(run()).rejects.toMatchObject({ kind: 'conflict', code: 'task_not_terminal' });
    expect([stores.tasks.size, stores.system.published]).toEqual([1, []]);
  });

  it("refuses another tenant's task, an unknown one, and one whose input is gone", async () => {
    await expect((await make()).run({ tenantId: UMBRELLA })).rejects.toMatchObject({ code: 'task_not_found' });
    await expect((await make()).run({ id: aTaskId(5) })).rejects.toMatchObject({ code: 'task_not_found' });
    await expect((await make({ erased: true })).run()).rejects.toMatchObject({ code: 'task_erased' });
  });

  it('B15: refuses priority 1 to a tenant that lost the entitlement', async () => {
    const { run } = await make({ priority: 1 });
    await expect(run()).rejects.toMatchObject({ code: 'priority_not_entitled' });
    expect((await run({ interactive: true })).request.priority).toBe(1);
  });

  it('P2: the same idempotency key makes one task, and no second retry of another task', async () => {
    const { stores, run } = await make();
    const [first, second] = await Promise.all([run({ idempotencyKey: 'k' }), run({ idempotencyKey: 'k' })]);
    expect(second?.request.id).toBe(first?.request.id);
    expect([stores.tasks.size, stores.system.published.length]).toEqual([2, 1]);
    const other = { ...first, id: first?.request.id as TaskId };
    await expect(run({ idempotencyKey: 'k', id: other.id })).rejects.toMatchObject({ code: 'task_not_terminal' });
  });

  it('takes part in back-pressure', async () => {
    const { stores, run } = await make({ behindMs: 30_001 });
    await expect(run()).rejects.toMatchObject({ code: 'service_unavailable' });
    expect(stores.tasks.size).toBe(1);
  });
});
