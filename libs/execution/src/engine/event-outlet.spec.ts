import { describe, expect, it } from '@jest/globals';
import { attemptReported, usageRecorded } from '@millrace/contracts';
import {
  TASK_ID,
  createFakeWorker,
  createFakeWorld,
  createInMemorySpoolDisk,
  createRegisteredWorker,
} from '../testing/index.js';

describe('usage', () => {
  it('a model load is a segment of its own', async () => {
    const fake = await createRegisteredWorker({ script: { loadMs: 300, steps: 5 } });
    fake.assign();
    await fake.clock.advance(2_000);
    const segments = fake.said(usageRecorded).flatMap(({ segments }) => segments);
    expect(segments.filter(({ taskId }) => taskId === TASK_ID)).toMatchObject([
      { kind: 'load', seq: 1, gpuMs: 300 },
      { kind: 'run', seq: 2, gpuMs: 500 },
    ]);
    expect(fake.said(attemptReported).at(-1)).toMatchObject({ gpuMs: 800, segmentCount: 2 });
  });

  it('a run is cut every 10 s, and each piece is out at once', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 100, stepMs: 1_000 } });
    fake.assign();
    await fake.clock.advance(21_000);
    const segments = fake.said(usageRecorded).flatMap(({ segments }) => segments);
    expect(segments.map(({ kind, startMs, endMs }) => [kind, startMs, endMs])).toEqual([
      ['run', 0, 10_000],
      ['run', 10_000, 20_000],
    ]);
  });

  it('idle time is cut every 10 s and sent at most once a minute, or before the next run', async () => {
    const fake = await createRegisteredWorker();
    let publishes = 0;
    fake.bus.interceptPublish((records) => {
      if (records.some(({ topic }) => topic === 'usage.recorded')) publishes += 1;
    });
    await fake.clock.advance(130_000);
    expect(publishes).toBe(2);
    fake.assign();
    await fake.clock.advance(0);
    const segments = fake.said(usageRecorded).flatMap(({ segments }) => segments);
    expect(segments.map(({ seq }) => seq)).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
    expect(segments.every(({ kind }) => kind === 'idle')).toBe(true);
  });

  it('what a killed incarnation left in its spool is published by the next, with the same event ids', async () => {
    const world = createFakeWorld();
    const cutOff = createFakeWorld().bus;
    const first = await createFakeWorker({ world: { ...world, bus: cutOff }, script: { steps: 5 } });
    cutOff.interceptPublish(() => {
      throw new Error('away');
    });
    first.assign();
    await world.clock.advance(2_000);
    const left = (await (await world.disk.open()).pending(100)).map(({ record }) => record.headers['ce_id']);
    const next = await createFakeWorker({ world });
    await world.clock.advance(0);
    expect(next.reportedKinds()).toEqual(['started', 'succeeded']);
    expect(next.said(usageRecorded).flatMap(({ segments }) => segments)).toHaveLength(1);
    expect(new Set([...next.events(attemptReported), ...next.events(usageRecorded)].map(({ id }) => id))).toEqual(
      new Set(left),
    );
    expect(next.worker.load().backlog).toBe(0);
  });

  it('P1: a report is published only once the bus has the segments that it counts, so that none is waited for in vain', async () => {
    const fake = await createRegisteredWorker({ script: { steps: 5 } });
    const publishes: string[][] = [];
    let away = true;
    fake.bus.interceptPublish((records) => {
      const topics = [...new Set(records.map(({ topic }) => topic))].filter((topic) => topic !== 'worker.heartbeat');
      if (topics.some((topic) => topic === 'attempt.reported' || topic === 'usage.recorded')) {
        if (away) throw new Error('away');
        publishes.push(topics);
      }
    });
    fake.assign();
    await fake.clock.advance(2_000);
    away = false;
    await fake.clock.advance(10_000);
    expect(publishes.every((topics) => topics.length === 1)).toBe(true);
    expect(publishes.map(([topic]) => topic)).toEqual(['attempt.reported', 'usage.recorded', 'attempt.reported']);
  });

  it('a full disk costs no report', async () => {
    const disk = createInMemorySpoolDisk();
    const fake = await createRegisteredWorker({ world: { ...createFakeWorld(), disk }, script: { steps: 5 } });
    disk.full = true;
    fake.assign();
    await fake.clock.advance(2_000);
    disk.full = false;
    fake.assign({ attempt: 2, epoch: 2 });
    await fake.clock.advance(2_000);
    expect(fake.reportedKinds()).toEqual(['started', 'succeeded', 'started', 'succeeded']);
  });
});
