import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemIds } from '@millrace/kernel';
import { eventually } from '@millrace/test-kit';
import { ApiClient } from './api-client.js';
import type { DistributedSystem } from './distributed-system.js';
import { openKafkaLog, type KafkaLog, type LoggedRecord, type WrittenRecord } from './kafka-log.js';
import { HEARTBEAT_MS, LEASE_MS } from './system-under-test.js';

const TIMEOUT_MS = 60_000;
/** More than partitions, so that some tasks share theirs with the poison. */
const TASKS = 24;
/** How late the slowest of a hundred may be, beside one that took so long without poison: the machine is shared. */
const latestMs = (withoutMs: number): number => 2 * withoutMs + 1_500;

const REQUESTED = 'io.millrace.task.requested.v1';
const LIFECYCLE = 'io.millrace.task.queued.v1';

/** What only several processes over a broker can show. Stands in the block that starts and stops the system. */
export function distributedSuite(system: () => DistributedSystem): void {
  let api: ApiClient;
  const noop = (stepDelayMs = 0) => ({
    prompt: 'nothing',
    task_type: 'noop',
    ...(stepDelayMs === 0 ? {} : { parameters: { step_delay_ms: stepDelayMs } }),
  });

  beforeAll(() => {
    api = new ApiClient(system());
  });

  describe('the page', () => {
    it('may show media from where the signed URLs point, and from nowhere else', async () => {
      const { headers } = await fetch(system().url);
      const [, media = ''] = /media-src ([^;]*)/.exec(headers.get('content-security-policy') ?? '') ?? [];
      const id = await api.generate({
        ...noop(),
        task_type: 't2v-A14B',
        resolution: '832*480',
        parameters: { duration_s: 0.5, steps: 4 },
      });
      const { result_url: url } = await api.ended(id);
      expect(media.split(' ')).toEqual(["'self'", 'blob:', new URL(String(url)).origin]);
    }, 60_000);
  });

  describe('a poison event (guarantees.md section 1)', () => {
    let log: KafkaLog;

    beforeAll(async () => {
      log = await openKafkaLog(system().brokers, ['task.requested.dlq', 'task.lifecycle.dlq']);
    }, TIMEOUT_MS);
    afterAll(() => log?.close());

    it(
      'lands in the dead-letter topic with its origin, and tasks of other keys go on as before',
      async () => {
        const before = await p99Ms(api, noop());
        const poison = POISON.map(([topic, headers, value, errorClass]) => ({
          record: { topic, key: systemIds.next(), headers: { ...cloudEvent(), ...headers }, value },
          errorClass,
        }));
        const written: { record: WrittenRecord; errorClass: string }[] = [];
        const poisoning = (async () => {
          for (const { record, errorClass } of poison) written.push({ record: await log.write(record), errorClass });
        })();
        const meanwhile = await p99Ms(api, noop());
        await poisoning;
        expect(meanwhile).toBeLessThan(latestMs(before));
        expect(written).toHaveLength(POISON.length);
        for (const { record, errorClass } of written) {
          await eventually(() => expectDeadLetter(log.records, record, errorClass), { timeoutMs: 20_000 });
        }
        expect(await p99Ms(api, noop())).toBeLessThan(latestMs(before));
      },
      2 * TIMEOUT_MS,
    );
  });

  describe('a task that is cancelled while it waits for another attempt', () => {
    it(
      'P11: is charged, finally, with its lost attempt at the cost of the platform',
      async () => {
        const worker = system().services.get('gpu-worker');
        const id = await api.generate(noop(5_000));
        try {
          await eventually(async () => expect((await api.task(id)).attempts).toHaveLength(1));
          worker?.pause();
          await eventually(async () => expect(await api.status(id)).toMatchObject({ status: 'queued' }), {
            timeoutMs: 5 * LEASE_MS,
          });
          await api.call('POST', `/api/v1/tasks/${id}/cancel`);
          expect(await api.ended(id)).toMatchObject({ status: 'cancelled' });
          expect(await api.charged(id)).toMatchObject({ state: 'charged', cost: '0' });
        } finally {
          await system().killWorker();
        }
      },
      TIMEOUT_MS,
    );
  });

  describe('several workers', () => {
    it(
      'share the work, each attempt on one of them',
      async () => {
        const second = await system().startWorker('worker-2');
        try {
          const ids = await Promise.all(Array.from({ length: 12 }, () => api.generate(noop(300))));
          const workers = await Promise.all(ids.map((id) => workersOf(api, id)));
          expect(workers.every((each) => each.length === 1)).toBe(true);
          expect(new Set(workers.flat())).toEqual(new Set(['worker-1', 'worker-2']));
        } finally {
          await second.stop();
        }
      },
      TIMEOUT_MS,
    );

    it(
      'do not fight over one id: the newer one has it, the older one leaves and ends',
      async () => {
        const older = await system().startWorker('worker-3');
        const newer = await system().startWorker('worker-3');
        try {
          await eventually(() => expect([isAlive(older.pid), isAlive(newer.pid)]).toEqual([false, true]), {
            timeoutMs: 20 * HEARTBEAT_MS + 10_000,
          });
          const ids = await Promise.all(Array.from({ length: 8 }, () => api.generate(noop(300))));
          const workers = await Promise.all(ids.map((id) => workersOf(api, id)));
          expect(new Set(workers.flat())).toEqual(new Set(['worker-1', 'worker-3']));
          expect(isAlive(newer.pid)).toBe(true);
        } finally {
          await Promise.all([older.stop(), newer.stop()]);
        }
      },
      TIMEOUT_MS,
    );
  });
}

/** Topic, headers beside or instead of the sound ones, value, and what the dead letter names as its fault. */
const POISON: readonly (readonly [string, Record<string, string>, string, string])[] = [
  ['task.requested', { ce_type: REQUESTED }, '{ "taskId": ', 'event_malformed'],
  ['task.requested', { ce_type: REQUESTED }, '{}', 'event_schema_mismatch'],
  ['task.requested', { ce_type: 'io.millrace.task.exploded.v1' }, '{}', 'event_type_unknown'],
  ['task.lifecycle', { ce_type: LIFECYCLE, ce_id: '' }, '{}', 'event_malformed'],
  ['task.lifecycle', { ce_type: 'io.millrace.task.exploded.v1' }, '{}', 'event_type_unknown'],
];

function cloudEvent(): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_id: systemIds.next(),
    ce_source: 'stranger',
    ce_time: '2026-01-01T00:00:00.000Z',
    'content-type': 'application/json',
  };
}

/** Bytes, key and headers as they were, and where the record was; once for each group that may not pass it over. */
function expectDeadLetter(records: readonly LoggedRecord[], poison: WrittenRecord, errorClass: string): void {
  const { topic, key, value, headers, partition, offset } = poison;
  const groups = topic === 'task.requested' ? ['scheduler.tasks'] : ['gateway.task-view', 'notifier.lifecycle'];
  const found = records.filter((record) => record.key === key);
  const expected = groups.map((group) => ({
    topic: `${topic}.dlq`,
    key,
    value,
    headers: expect.objectContaining({
      ...headers,
      'dlq-original-topic': topic,
      'dlq-original-partition': String(partition),
      'dlq-original-offset': offset,
      'dlq-consumer-group': group,
      'dlq-error-class': errorClass,
    }) as unknown,
  }));
  expect(found).toEqual(expect.arrayContaining(expected));
  expect(found).toHaveLength(expected.length);
}

/** From the request to the end, ms, of the slowest of a hundred: tasks one after the other, two at a time. */
async function p99Ms(api: ApiClient, body: Record<string, unknown>): Promise<number> {
  const took: number[] = [];
  const one = async (): Promise<void> => {
    const status = await api.ended(await api.generate(body));
    expect(status['status']).toBe('completed');
    took.push(Date.parse(String(status['updated_at'])) - Date.parse(String(status['created_at'])));
  };
  const lane = async (): Promise<void> => {
    for (let n = 0; n < TASKS / 2; n++) await one();
  };
  await Promise.all([lane(), lane()]);
  return took.sort((a, b) => a - b)[Math.ceil(took.length * 0.99) - 1] ?? 0;
}

async function workersOf(api: ApiClient, id: string): Promise<readonly string[]> {
  await api.ended(id);
  const { attempts } = (await api.task(id)) as unknown as { attempts: readonly { worker: string }[] };
  return attempts.map(({ worker }) => worker);
}

/** Signal 0 asks whether a process is there. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
