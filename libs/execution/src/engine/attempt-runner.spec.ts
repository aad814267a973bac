import { describe, expect, it } from '@jest/globals';
import { attemptReported, taskProgressed, usageRecorded, workerHeartbeat } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import {
  ASSIGNED_TRACEPARENT,
  TASK_ID,
  buildTaskId,
  createFakeImageSource,
  createRegisteredWorker,
} from '../testing/index.js';

const OTHER_INCARNATION = '01890a5d-ac96-774b-bcce-b302099a8059';

describe('WRK-01: an attempt from its assignment to its end', () => {
  it('reports started and succeeded with artifacts, numbered from 1', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 8 } });
    fake.assign();
    await fake.clock.advance(2_000);
    const reports = fake.said(attemptReported);
    expect(reports.map(({ kind, number }) => [number, kind])).toEqual([
      [1, 'started'],
      [2, 'succeeded'],
    ]);
    const prefix = `t/acme/${TASK_ID}/1-1`;
    expect(reports[1]?.artifacts?.map(({ key, kind }) => [key, kind])).toEqual([
      [`${prefix}/video.mp4`, 'video'],
      [`${prefix}/thumb.jpg`, 'thumbnail'],
    ]);
    expect(reports[1]).toMatchObject({ engine: 'scripted', gpuMs: 800, segmentCount: 1, at: 800 });
    expect(fake.objects.keys()).toEqual([`${prefix}/thumb.jpg`, `${prefix}/video.mp4`]);
    expect(fake.folders.size).toBe(0);
  });

  it('gives the hash and the size of each artifact as they are stored', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 2 } });
    fake.assign();
    await fake.clock.advance(2_000);
    for (const artifact of fake.said(attemptReported).at(-1)?.artifacts ?? []) {
      const stored = await fake.objects.head(artifact.key);
      expect({ bytes: artifact.bytes, sha256: artifact.sha256 }).toEqual({
        bytes: stored.bytes,
        sha256: stored.sha256,
      });
    }
  });

  it('carries the trace of the assignment in all it says of the attempt', async () => {
    const fake = await createRegisteredWorker();
    fake.assign();
    await fake.clock.advance(5_000);
    const trace = ASSIGNED_TRACEPARENT.slice(0, 36);
    for (const definition of [attemptReported, taskProgressed]) {
      const events = fake.events(definition);
      expect(events.length).toBeGreaterThan(1);
      expect(events.every(({ traceparent }) => traceparent?.startsWith(trace))).toBe(true);
    }
    expect(fake.events(usageRecorded).at(-1)?.traceparent?.startsWith(trace)).toBe(true);
  });

  it('gives every attempt of a task the same seed, and another task another one', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 1 } });
    fake.assign();
    fake.assign({ attempt: 2, epoch: 2 });
    fake.assign({ taskId: buildTaskId(1) });
    await fake.clock.advance(2_000);
    const seeds = fake.engine.jobs.map(({ seed }) => seed);
    expect(seeds[0]).toBe(seeds[1]);
    expect(seeds[2]).not.toBe(seeds[0]);
  });

  it('ignores an assignment that is sent again, also after the end', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 5 } });
    fake.assign();
    fake.assign();
    await fake.clock.advance(2_000);
    fake.assign();
    await fake.clock.advance(2_000);
    expect(fake.engine.jobs).toHaveLength(1);
    expect(fake.reportedKinds()).toEqual(['started', 'succeeded']);
  });

  it('ignores the commands of another incarnation', async () => {
    const fake = await createRegisteredWorker();
    fake.assign({ incarnation: OTHER_INCARNATION });
    await fake.clock.advance(5_000);
    expect(fake.engine.jobs).toHaveLength(0);
  });

  it('runs as many attempts as it has slots, and keeps the lease of one that waits', async () => {
    const fake = await createRegisteredWorker({ settings: { slots: 2 }, script: { steps: 40 } });
    for (const number of [1, 2, 3]) fake.assign({ taskId: buildTaskId(number) });
    await fake.clock.advance(1_000);
    expect(fake.engine.jobs).toHaveLength(2);
    expect(fake.worker.load().attempts).toBe(3);
    await fake.clock.advance(4_500);
    expect(fake.engine.jobs).toHaveLength(3);
    expect(fake.said(workerHeartbeat)[1]?.leases.map(({ taskId }) => taskId)).toContain(buildTaskId(3));
  });
});

describe('failures', () => {
  it('reports a fault of the task with its own words and no retry', async () => {
    const error = new AppError({ kind: 'validation', code: 'engine_input_invalid', message: 'Too wide.' });
    const fake = await createRegisteredWorker({ script: { failAt: { step: 3, error } } });
    fake.assign();
    await fake.clock.advance(2_000);
    expect(fake.said(attemptReported).at(-1)).toMatchObject({
      kind: 'failed',
      step: 2,
      error: { code: 'engine_input_invalid', message: 'Too wide.', retryable: false },
      segmentCount: 1,
    });
  });

  it('reports a crash without telling what is inside', async () => {
    const fake = await createRegisteredWorker({ script: { failAt: { step: 3, error: new Error('/srv/secret') } } });
    fake.assign();
    await fake.clock.advance(2_000);
    const { error } = fake.said(attemptReported).at(-1) ?? {};
    expect(error).toMatchObject({ code: 'engine_crashed', retryable: true });
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  it('says started before it says failed, also when the picture can not be read', async () => {
    const fault = new AppError({ kind: 'validation', code: 'image_unreadable', message: 'No picture.' });
    const fake = await createRegisteredWorker({ images: createFakeImageSource(fault) });
    fake.assign({ input: { prompt: 'a ball', imageUrl: 'https://example.com/a.png' } });
    await fake.clock.advance(100);
    expect(fake.reportedKinds()).toEqual(['started', 'failed']);
    expect(fake.said(attemptReported)[1]).toMatchObject({ error: { code: 'image_unreadable' }, segmentCount: 1 });
  });

  it('refuses a task type that no engine runs', async () => {
    const fake = await createRegisteredWorker();
    fake.assign({ taskType: 'unknown' });
    await fake.clock.advance(100);
    expect(fake.said(attemptReported)[1]).toMatchObject({ error: { code: 'task_type_not_available' } });
  });

  it('tries the object store again, and fails retriably when it stays away', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 2 } });
    fake.objects.intercept((call) => {
      if (call === 'put') throw new AppError({ kind: 'unavailable', code: 'service_unavailable', message: 'away' });
    });
    fake.assign();
    await fake.clock.advance(30_000);
    expect(fake.said(attemptReported).at(-1)).toMatchObject({
      kind: 'failed',
      error: { code: 'service_unavailable', retryable: true },
    });
  });
});

describe('progress', () => {
  it('WRK-10: rises from step to step, at most four a second, and ends at 100', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 100, stepMs: 50 } });
    fake.assign();
    await fake.clock.advance(6_000);
    const told = fake.said(taskProgressed);
    const percents = told.map(({ percent }) => percent);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.at(-1)).toBe(100);
    expect(told.length).toBeLessThanOrEqual(5 * 4 + 3);
    expect(told.filter(({ preview }) => preview !== undefined).length).toBeLessThanOrEqual(6);
  });

  it('is lost, not fatal, while the bus refuses it', async () => {
    const fake = await createRegisteredWorker();
    fake.bus.interceptPublish((records) => {
      if (records.some(({ topic }) => topic === 'task.progress')) throw new Error('away');
    });
    fake.assign();
    await fake.clock.advance(5_000);
    expect(fake.reportedKinds().at(-1)).toBe('succeeded');
  });
});
