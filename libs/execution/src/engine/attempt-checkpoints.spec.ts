import { describe, expect, it } from '@jest/globals';
import { attemptReported, drainRequested, taskProgressed, workerHeartbeat } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { receivedEvent } from '@millrace/messaging/testing';
import { TASK_ID, buildLease, createRegisteredWorker, type FakeWorker } from '../testing/index.js';
import type { Assignment } from './assignment.js';

async function interruptedAt(step: number): Promise<FakeWorker> {
  const fake = await createRegisteredWorker({ script: { steps: 20 } });
  fake.assign();
  await fake.clock.advance(100 * step - 50);
  fake.worker.take([receivedEvent(drainRequested, buildLease())]);
  await fake.clock.advance(5_000);
  return fake;
}

function resumeOf(fake: FakeWorker): Pick<Assignment, 'resumeFrom'> {
  const { checkpoint } = fake.said(attemptReported).at(-1) ?? {};
  return checkpoint === undefined ? {} : { resumeFrom: checkpoint };
}

describe('checkpoints and resuming', () => {
  it('WRK-11: stores a checkpoint at the tenth step and reports it', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 24 } });
    fake.assign();
    await fake.clock.advance(1_500);
    expect(fake.said(attemptReported).at(-1)).toMatchObject({
      kind: 'checkpointed',
      step: 10,
      checkpoint: { key: `t/acme/${TASK_ID}/1-1/checkpoints/000010.json`, step: 10, modelHash: 'hash-1' },
    });
  });

  it('WRK-14: a drained worker stores the step it is at, hands the task back, and leaves', async () => {
    const fake = await interruptedAt(14);
    expect(fake.said(attemptReported).slice(-2)).toMatchObject([
      { kind: 'checkpointed', step: 14 },
      { kind: 'preempted', step: 14, checkpoint: { step: 14 } },
    ]);
    expect(fake.said(workerHeartbeat).at(-1)).toMatchObject({ leaving: true, leases: [] });
    expect(fake.worker.left.aborted).toBe(true);
  });

  it('WRK-12: goes on at the next step with all the frames, over two interruptions', async () => {
    const first = await interruptedAt(12);
    const second = await createRegisteredWorker({ world: first, script: { steps: 20 } });
    second.assign({ attempt: 2, epoch: 2, ...resumeOf(first) });
    await second.clock.advance(350);
    second.worker.take([receivedEvent(drainRequested, buildLease())]);
    await second.clock.advance(5_000);
    const third = await createRegisteredWorker({ world: second, script: { steps: 20 } });
    third.assign({ attempt: 3, epoch: 3, ...resumeOf(second) });
    await third.clock.advance(5_000);
    expect([second.engine.firstSteps, third.engine.firstSteps]).toEqual([[13], [17]]);
    expect(third.engine.frames[0]).toEqual(Array.from({ length: 10 }, (_, index) => `frame-${index + 11}`));
    expect(third.said(attemptReported).at(-1)).toMatchObject({ kind: 'succeeded', resumedFromStep: 16 });
  });

  it('starts at step 0 with another model', async () => {
    const fake = await interruptedAt(14);
    const next = await createRegisteredWorker({ world: fake, script: { steps: 20, modelHash: 'hash-2' } });
    next.assign({ attempt: 2, epoch: 2, ...resumeOf(fake) });
    await next.clock.advance(100);
    expect(next.engine.firstSteps).toEqual([1]);
    expect(next.said(attemptReported).at(-1)).toMatchObject({ kind: 'started', resumedFromStep: 0 });
  });

  it.each([
    ['a key of another task', { key: 't/acme/other/1-1/checkpoints/000014.json' }],
    ['a key of another tenant', { key: `t/evil/${TASK_ID}/1-1/checkpoints/000014.json` }],
    ['a missing object', { key: `t/acme/${TASK_ID}/1-1/checkpoints/000013.json` }],
  ])('starts at step 0 with %s', async (_name, wrong) => {
    const fake = await interruptedAt(14);
    const next = await createRegisteredWorker({ world: fake, script: { steps: 20 } });
    const { resumeFrom } = resumeOf(fake);
    if (resumeFrom === undefined) throw new Error('a checkpoint was reported');
    next.assign({ attempt: 2, epoch: 2, resumeFrom: { ...resumeFrom, ...wrong } });
    await next.clock.advance(100);
    expect(next.engine.firstSteps).toEqual([1]);
  });

  it('does not lose frames when a checkpoint could not be stored', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 40, stepMs: 200 } });
    fake.objects.intercept((_call, key) => {
      if (key.endsWith('000030.pack')) throw new AppError({ kind: 'internal', code: 'internal_error', message: 'no' });
    });
    fake.assign();
    await fake.clock.advance(200 * 33);
    fake.worker.take([receivedEvent(drainRequested, buildLease())]);
    await fake.clock.advance(5_000);
    const next = await createRegisteredWorker({ world: fake, script: { steps: 40 } });
    next.assign({ attempt: 2, epoch: 2, ...resumeOf(fake) });
    await next.clock.advance(5_000);
    expect(next.engine.frames[0]).toEqual(Array.from({ length: 20 }, (_, index) => `frame-${index + 21}`));
  });

  it('progress goes on from the step it resumed at', async () => {
    const fake = await interruptedAt(14);
    const next = await createRegisteredWorker({ world: fake, script: { steps: 20 } });
    const seen = next.said(taskProgressed).length;
    next.assign({ attempt: 2, epoch: 2, ...resumeOf(fake) });
    await next.clock.advance(5_000);
    expect(next.said(taskProgressed)[seen]?.step).toBe(15);
  });
});

describe('checkpoints of a task that succeeded', () => {
  const stored = (fake: FakeWorker): readonly string[] => fake.objects.keys().filter((key) => /checkpoints/.test(key));

  it('are deleted, with those it went on from; results stay', async () => {
    const first = await interruptedAt(14);
    expect(stored(first).length).toBeGreaterThan(2);
    const second = await createRegisteredWorker({ world: first, script: { steps: 30 } });
    second.assign({ attempt: 2, epoch: 2, ...resumeOf(first) });
    await second.clock.advance(1_200);
    expect(stored(second).some((key) => key.includes('/2-2/'))).toBe(true);
    await second.clock.advance(5_000);
    const { kind, artifacts = [] } = second.said(attemptReported).at(-1) ?? {};
    expect([kind, artifacts.length > 0]).toEqual(['succeeded', true]);
    expect(second.objects.keys()).toEqual(artifacts.map(({ key }) => key).sort());
  });

  it('stay until the bus has the report of success', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 20 } });
    fake.assign();
    await fake.clock.advance(1_500);
    const before = stored(fake);
    fake.bus.interceptPublish(() => {
      throw new Error('away');
    });
    await fake.clock.advance(5_000);
    expect([fake.reportedKinds().at(-1), stored(fake)]).toEqual(['checkpointed', before]);
    fake.bus.interceptPublish(undefined);
    await fake.clock.advance(10_000);
    expect([fake.reportedKinds().at(-1), stored(fake)]).toEqual(['succeeded', []]);
  });

  it('stay where the store refuses, and the worker goes on', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 20 } });
    const asked: string[] = [];
    fake.objects.intercept((call, key) => {
      if (call !== 'delete') return;
      asked.push(key);
      throw new AppError({ kind: 'internal', code: 'internal_error', message: 'no' });
    });
    fake.assign();
    await fake.clock.advance(10_000);
    expect([fake.reportedKinds().at(-1), asked.length > 0, stored(fake).length > 0]).toEqual(['succeeded', true, true]);
    expect(fake.said(workerHeartbeat).at(-1)).toMatchObject({ leases: [] });
  });

  it("a successor's stay", async () => {
    const fake = await createRegisteredWorker({ script: { steps: 20 } });
    const key = `t/acme/${TASK_ID}/2-2/checkpoints/000010.json`;
    await fake.objects.put(key, new Uint8Array(1), { mediaType: 'application/json' });
    fake.assign();
    await fake.clock.advance(10_000);
    expect([fake.reportedKinds().at(-1), stored(fake)]).toEqual(['succeeded', [key]]);
  });

  it('a task that failed keeps them', async () => {
    const failAt = { step: 15, error: new Error('broken') };
    const fake = await createRegisteredWorker({ script: { steps: 20, failAt } });
    fake.assign();
    await fake.clock.advance(10_000);
    expect([fake.reportedKinds().at(-1), stored(fake).length > 0]).toEqual(['failed', true]);
  });
});
