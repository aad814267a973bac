import { createKafkaEventBus } from '@millrace/adapter-kafka';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { silentLogger, systemClock, systemIds } from '@millrace/kernel';
import type { EventBus } from '@millrace/messaging/ports';
import { topicSettings } from '@millrace/platform';
import { describeWithServer, eventually, startKafka, type KafkaCluster } from '@millrace/test-kit';
import { startGatewayFixture, type Answer, type GatewayFixture } from './testing/gateway-fixture.js';
import { lifeOf } from './testing/task-life.js';

const START_MS = 180_000;
const TEST_MS = 90_000;
const WAIT = { timeoutMs: 30_000, intervalMs: 100 };
/** Its events come before the gateway has ever heard of it. */
const LATE_TASK = '01890a5d-ac96-774b-bcce-b302099a8057';

await describeWithServer('kafka', 'dead letters over a real broker', () => {
  let cluster: KafkaCluster;
  let bus: EventBus;
  let fixture: GatewayFixture;
  /** While it is set, every id that the gateway makes. */
  let onlyId: string | undefined;

  beforeAll(async () => {
    // A broker of its own: on a shared one lie other tests' dead letters.
    cluster = await startKafka();
    const identity = { clientId: 'redrive', clock: systemClock, logger: silentLogger };
    bus = createKafkaEventBus({ brokers: cluster.brokers, ...identity });
    await bus.ensureTopics(topicSettings(3));
    fixture = await startGatewayFixture({}, { bus, ids: { next: () => onlyId ?? systemIds.next() } });
  }, START_MS);

  afterAll(async () => {
    await fixture?.close();
    await bus?.close();
    await cluster?.stop();
  }, START_MS);

  async function letters(): Promise<readonly Record<string, unknown>[]> {
    const { body } = await fixture.call('GET', `/api/v1/dead-letters?task=${LATE_TASK}`);
    return body['data'] as readonly Record<string, unknown>[];
  }

  const task = (): Promise<Answer> => fixture.call('GET', `/api/v1/tasks/${LATE_TASK}`);

  it(
    'P6: poison goes to the .dlq topic and the table, its key waits, and a redrive by API applies it and what waited, once',
    async () => {
      const life = lifeOf(LATE_TASK);
      await fixture.publish([life.queued]);
      const letter = await eventually(async () => {
        const [found, ...more] = await letters();
        expect([found?.['status'], found?.['blocks_key'], more]).toEqual(['open', true, []]);
        return found;
      }, WAIT);
      // What made it poison ends: the task is there now. Its next event waits behind the dead one.
      onlyId = LATE_TASK;
      expect(await accept()).toBe(LATE_TASK);
      onlyId = undefined;
      await fixture.publish([life.scheduled]);
      const bystander = await accept();
      await fixture.publish([lifeOf(bystander).queued]);
      await eventually(async () => expect(await sequenceOf(bystander)).toBe(1), WAIT);
      expect((await task()).body['sequence']).toBe(0);

      const redriven = await fixture.call('POST', `/api/v1/dead-letters/${String(letter?.['id'])}/redrive`);
      expect([redriven.status, redriven.body['status']]).toEqual([200, 'redriven']);
      await eventually(async () => expect((await task()).body['sequence']).toBe(2), WAIT);
      await fixture.publish([life.started]);
      await eventually(async () => expect((await task()).body['sequence']).toBe(3), WAIT);
      expect((await task()).body['attempts']).toHaveLength(1);
      expect(await letters()).toMatchObject([{ status: 'redriven' }]);
    },
    TEST_MS,
  );

  async function accept(): Promise<string> {
    const body = { prompt: 'a red ball', task_type: 'ti2v-5B' };
    return String((await fixture.call('POST', '/api/v1/generate', { body })).body['task_id']);
  }

  async function sequenceOf(id: string): Promise<unknown> {
    return (await fixture.call('GET', `/api/v1/tasks/${id}`)).body['sequence'];
  }
});
