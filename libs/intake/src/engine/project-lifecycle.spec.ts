import { describe, expect, it } from '@jest/globals';
import { taskCharged, taskCompleted, taskQueued, taskRequested, taskScheduled, taskStarted } from '@millrace/contracts';
import type { ReceivedEvent } from '@millrace/messaging/ports';
import { receivedEvent } from '@millrace/messaging/testing';
import type { TaskView } from '../domain/task-view.js';
import { ACME, aTaskId, aTaskRequest, createInMemoryIntake } from '../testing/index.js';
import { ProjectLifecycle } from './project-lifecycle.js';

const about = { taskId: aTaskId(1), tenantId: 'acme' };
const QUEUED = receivedEvent(taskQueued, { ...about, sequence: 1 });
const SCHEDULED = receivedEvent(taskScheduled, { ...about, sequence: 2 });
const STARTED = receivedEvent(taskStarted, { ...about, sequence: 3 });
const COMPLETED = receivedEvent(taskCompleted, { ...about, sequence: 4 });
const CHARGED = receivedEvent(taskCharged, about);

async function make() {
  const stores = createInMemoryIntake();
  await stores.system.unitOfWork.run((scope) => scope.tasks.insert([aTaskRequest(1), aTaskRequest(2)]));
  const changed: TaskView[][] = [];
  const project = new ProjectLifecycle(stores.system.unitOfWork, { changed: (views) => void changed.push([...views]) });
  const kinds = async (...events: ReceivedEvent[]) => (await project.execute(events)).map(({ kind }) => kind);
  return { stores, changed, project, kinds, view: () => stores.tasks.get(aTaskId(1)) };
}

describe('ProjectLifecycle', () => {
  it('applies a whole life in one batch, keeps its events, and tells once', async () => {
    const { kinds, stores, changed, view } = await make();
    expect(await kinds(QUEUED, SCHEDULED, STARTED, COMPLETED, CHARGED)).toEqual(Array(5).fill('ack'));
    expect(view()).toMatchObject({
      state: 'completed',
      sequence: 4,
      end: { engine: 'onnx-demo' },
      charge: { cost: '3100000' },
    });
    const events = await stores.reader.events(ACME, aTaskId(1), 0);
    expect(events.map(({ sequence, name }) => [sequence, name])).toEqual([
      [1, 'queued'],
      [2, 'scheduled'],
      [3, 'attempt'],
      [4, 'completed'],
    ]);
    expect(changed).toHaveLength(1);
  });

  it('P4: holds what comes early, and applies it when the missing one has passed', async () => {
    const { kinds, view } = await make();
    expect(await kinds(SCHEDULED)).toEqual(['hold']);
    expect(view()?.sequence).toBe(0);
    expect(await kinds(QUEUED)).toEqual(['ack']);
    expect(await kinds(SCHEDULED)).toEqual(['ack']);
    expect(view()?.sequence).toBe(2);
  });

  it('P3: a redelivery changes nothing and tells nobody', async () => {
    const { kinds, changed, view } = await make();
    await kinds(QUEUED, SCHEDULED);
    const before = view();
    expect(await kinds(QUEUED, SCHEDULED)).toEqual(['ack', 'ack']);
    expect(view()).toEqual(before);
    expect(changed).toHaveLength(1);
  });

  it('takes a charge before the end it belongs to', async () => {
    const { kinds, view } = await make();
    expect(await kinds(CHARGED)).toEqual(['ack']);
    expect(view()).toMatchObject({ state: 'queued', charge: { cost: '3100000' } });
    await kinds(QUEUED, SCHEDULED, STARTED, COMPLETED);
    expect(view()).toMatchObject({ state: 'completed', charge: { cost: '3100000' } });
  });

  it.each([
    [
      'a task that was never accepted',
      receivedEvent(taskQueued, { taskId: aTaskId(9), tenantId: 'acme', sequence: 1 }),
    ],
    ["another tenant's name on a task", receivedEvent(taskQueued, { ...about, tenantId: 'umbrella', sequence: 1 })],
    ['an event that is no lifecycle event', receivedEvent(taskRequested, about)],
  ])('P6: %s is dead, and its neighbours go on', async (_name, event) => {
    const { kinds, stores } = await make();
    const other = receivedEvent(taskQueued, { taskId: aTaskId(2), tenantId: 'acme', sequence: 1 });
    expect(await kinds(event, other)).toEqual(['dead', 'ack']);
    expect(stores.tasks.get(aTaskId(2))?.sequence).toBe(1);
  });
});
