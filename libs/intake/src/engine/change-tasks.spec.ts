import { describe, expect, it } from '@jest/globals';
import { taskCancelRequested, taskCancelled, taskQueued } from '@millrace/contracts';
import { AppError, VirtualClock, type TaskId, type TenantId } from '@millrace/kernel';
import { receivedEvent } from '@millrace/messaging/testing';
import { ACME, UMBRELLA, aTaskId, aTaskRequest, createInMemoryIntake } from '../testing/index.js';
import { EraseTask } from './erase-task.js';
import { ProjectLifecycle } from './project-lifecycle.js';
import { ReadTasks } from './read-tasks.js';
import { RequestCancel } from './request-cancel.js';

/** Task 1 waits, task 2 was cancelled. */
async function make() {
  const stores = createInMemoryIntake();
  const clock = new VirtualClock();
  await stores.system.unitOfWork.run((scope) => scope.tasks.insert([aTaskRequest(1), aTaskRequest(2)]));
  const about = { taskId: aTaskId(2), tenantId: 'acme' };
  await new ProjectLifecycle(stores.system.unitOfWork, { changed: () => {} }).execute([
    receivedEvent(taskQueued, { ...about, sequence: 1 }),
    receivedEvent(taskCancelled, { ...about, sequence: 2 }),
  ]);
  return { stores, clock };
}

describe('RequestCancel', () => {
  it('asks once, however often it is called, in the trace of the task', async () => {
    const { stores, clock } = await make();
    const cancel = new RequestCancel(stores.request.unitOfWork, clock);
    const kinds = async (tenant: TenantId, ...ids: TaskId[]) =>
      (await cancel.execute(tenant, ids)).map(({ kind }) => kind);
    expect(await kinds(ACME, aTaskId(1), aTaskId(2), aTaskId(9))).toEqual(['requested', 'ended', 'not_found']);
    expect(await kinds(ACME, aTaskId(1))).toEqual(['requested']);
    expect(await kinds(UMBRELLA, aTaskId(1))).toEqual(['not_found']);
    expect(stores.request.published).toMatchObject([
      { definition: taskCancelRequested, data: { taskId: aTaskId(1) }, traceparent: aTaskRequest(1).traceparent },
    ]);
  });
});

describe('EraseTask', () => {
  async function eraser(failing = false) {
    const { stores, clock } = await make();
    const erased: string[] = [];
    const objects = {
      erase: async (tenantId: TenantId, taskId: TaskId) => {
        if (failing) throw new AppError({ kind: 'unavailable', code: 'service_unavailable', message: 'no' });
        erased.push(`${tenantId}/${taskId}`);
      },
    };
    return { stores, erased, erase: new EraseTask(stores.reader, stores.request.unitOfWork, objects, clock) };
  }

  it('removes objects, prompt, callback and metadata of a task that has ended', async () => {
    const { stores, erased, erase } = await eraser();
    await erase.execute(ACME, aTaskId(2));
    expect(erased).toEqual([`acme/${aTaskId(2)}`]);
    expect(stores.tasks.get(aTaskId(2))).toMatchObject({
      state: 'cancelled',
      request: { input: null, callbackUrl: null },
    });
    expect(stores.tasks.get(aTaskId(2))?.erasedAt).not.toBeNull();
  });

  it("refuses a task that goes on, and does not know another tenant's", async () => {
    const { erased, erase } = await eraser();
    await expect(erase.execute(ACME, aTaskId(1))).rejects.toMatchObject({
      code: 'task_not_terminal',
      kind: 'conflict',
    });
    await expect(erase.execute(UMBRELLA, aTaskId(2))).rejects.toMatchObject({ code: 'task_not_found' });
    expect(erased).toEqual([]);
  });

  it('marks nothing while the objects can not be removed', async () => {
    const { stores, erase } = await eraser(true);
    await expect(erase.execute(ACME, aTaskId(2))).rejects.toMatchObject({ kind: 'unavailable' });
    expect(stores.tasks.get(aTaskId(2))?.erasedAt).toBeNull();
  });
});

describe('ReadTasks', () => {
  it('says whether there is a next page, and where it starts', async () => {
    const { stores } = await make();
    const read = new ReadTasks(stores.reader);
    const first = await read.page(ACME, {}, { limit: 1 });
    expect(first.tasks.map(({ request }) => request.id)).toEqual([aTaskId(2)]);
    const second = await read.page(ACME, {}, { limit: 1, after: first.next! });
    expect(second.tasks.map(({ request }) => request.id)).toEqual([aTaskId(1)]);
    expect(second.next).toBeUndefined();
  });

  it("P18: does not find another tenant's task", async () => {
    const { stores } = await make();
    await expect(new ReadTasks(stores.reader).one(UMBRELLA, aTaskId(1))).rejects.toMatchObject({
      code: 'task_not_found',
    });
  });
});
