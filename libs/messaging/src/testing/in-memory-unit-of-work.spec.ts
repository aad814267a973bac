import { describe, expect, it } from '@jest/globals';
import { taskQueued } from '@millrace/contracts';
import { newEvent } from '../ports/index.js';
import { createInMemoryUnitOfWork } from './in-memory-unit-of-work.js';
import { receivedEvent } from './received-event.js';

const queued = newEvent(taskQueued, taskQueued.fixture);

function bench() {
  let rows: string[] = [];
  const stores = { names: { add: async (name: string) => void rows.push(name) } };
  const made = createInMemoryUnitOfWork(stores, {
    snapshot: () => {
      const before = [...rows];
      return () => (rows = before);
    },
  });
  return { ...made, rows: () => rows };
}

describe('unit of work in memory', () => {
  it('commits stores, outbox and inbox together', async () => {
    const { unitOfWork, published, rows } = bench();
    const event = receivedEvent(taskQueued);
    const result = await unitOfWork.run(async ({ names, outbox, inbox }) => {
      expect(await inbox.claim('c', [event, event])).toEqual([event]);
      await names.add('a');
      await outbox.add([queued]);
      return 7;
    });
    expect([result, rows(), published]).toEqual([7, ['a'], [queued]]);
    expect(await unitOfWork.run(({ inbox }) => inbox.claim('c', [event]))).toEqual([]);
    expect(await unitOfWork.run(({ inbox }) => inbox.claim('other', [event]))).toEqual([event]);
  });

  it.each(['work', 'commit'] as const)('rolls everything back when the %s fails', async (where) => {
    const { unitOfWork, published, rows, failNextCommit } = bench();
    const event = receivedEvent(taskQueued);
    if (where === 'commit') failNextCommit(new Error('cut'));
    const failing = unitOfWork.run(async ({ names, outbox, inbox }) => {
      await inbox.claim('c', [event]);
      await names.add('a');
      await outbox.add([queued]);
      if (where === 'work') throw new Error('cut');
    });
    await expect(failing).rejects.toThrow('cut');
    expect([rows(), published]).toEqual([[], []]);
    expect(await unitOfWork.run(({ inbox }) => inbox.claim('c', [event]))).toEqual([event]);
  });

  it('runs one transaction at a time', async () => {
    const { unitOfWork, rows } = bench();
    const add = (name: string): Promise<void> =>
      unitOfWork.run(async ({ names }) => {
        await names.add(`${name} begins`);
        await Promise.resolve();
        await names.add(`${name} ends`);
      });
    await Promise.all([add('a'), add('b')]);
    expect(rows()).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('refuses an event that does not match its schema', async () => {
    const { unitOfWork, published } = bench();
    const adding = unitOfWork.run(({ outbox }) => outbox.add([{ ...queued, data: {} }]));
    await expect(adding).rejects.toMatchObject({ code: 'event_schema_mismatch' });
    expect(published).toEqual([]);
  });
});
