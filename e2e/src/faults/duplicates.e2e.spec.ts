import { afterEach, expect, it } from '@jest/globals';
import { sleep, systemClock } from '@millrace/kernel';
import { startWebhookReceiver, type WebhookReceiver } from '@millrace/test-kit';
import { Kafka, logLevel, type IHeaders } from 'kafkajs';
import { ApiClient } from '../api-client.js';
import { NOOP, VIDEO } from './bodies.js';
import { checkTarget } from './check-target.js';
import { describeDistributed, runnableModes } from './describe-distributed.js';
import { readFaultPlan, report } from './fault-plan.js';
import { startTarget, type FaultTarget } from './fault-target.js';
import { judgeTasks, listTasks } from './judge-tasks.js';
import { submitTasks } from './submit-tasks.js';

const TIMEOUT_MS = 175_000;
const JUDGE_MS = 60_000;
/** Consumers have the late copies long before. */
const LATE_COPIES_MS = 3_000;
const COPY_EVERY = 10;
const COPY_HEADER = 'x-test-copy';
const TOPICS = [
  'task.requested',
  'task.lifecycle',
  'worker.commands',
  'attempt.reported',
  'attempt.closed',
  'usage.recorded',
  'capacity.changed',
  'billing.charged',
];
const plan = readFaultPlan({ tasks: 200, kills: 0, outageS: 0 });

describeDistributed('every tenth record is on the bus twice', await runnableModes(plan.modes), () => {
  let target: FaultTarget | undefined;
  let receiver: WebhookReceiver | undefined;
  let copier: Copier | undefined;

  afterEach(async () => {
    await copier?.stop();
    await receiver?.close();
    await target?.stop();
  }, TIMEOUT_MS);

  it(
    'P3, P11: each consumer applies each event once: one end, one charge, one webhook a task; later copies change no bill',
    async () => {
      target = await startTarget('distributed');
      receiver = await startWebhookReceiver();
      const api = new ApiClient(target);
      const { bus } = target.storage();
      copier = await startCopier('brokers' in bus ? bus.brokers : []);
      const accepted = await submitTasks(api, {
        name: 'copies',
        count: plan.tasks,
        clients: 4,
        pauseMs: 100,
        body: (index) => ({ ...(index % 50 === 0 ? VIDEO : NOOP), callback_url: `${receiver?.url}/ended` }),
      });
      const ids = accepted.map(({ id }) => id);
      const verdict = await judgeTasks(api, ids, { timeoutMs: JUDGE_MS, receiver });
      const costs = (await listTasks(api)).map(({ usage }) => usage?.cost);
      const late = await copier.copyAgain();
      await sleep(systemClock, LATE_COPIES_MS);
      expect((await listTasks(api)).map(({ usage }) => usage?.cost)).toEqual(costs);
      expect(receiver.received).toHaveLength(verdict.webhooks);
      await checkTarget(target, api, { accepted, receiver });
      report('P3', { ...verdict, copies: copier.copies(), late, records: copier.records() });
      expect(copier.copies()).toBeGreaterThan(plan.tasks / 4);
      expect(verdict.states).toEqual({ completed: ids.length });
      expect(verdict.duplicateWebhooks).toBe(0);
    },
    TIMEOUT_MS,
  );
});

type Copier = Awaited<ReturnType<typeof startCopier>>;

interface Copy {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
}

/** Puts every tenth record on its partition again as soon as it sees it. */
async function startCopier(brokers: readonly string[]) {
  const kafka = new Kafka({ clientId: 'copier', brokers: [...brokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: `copier-${systemClock.now()}` });
  await Promise.all([producer.connect(), consumer.connect()]);
  const known = await kafka.admin().listTopics();
  await consumer.subscribe({ topics: TOPICS.filter((topic) => known.includes(topic)) });
  const sent: Copy[] = [];
  let records = 0;
  const send = ({ topic, ...message }: Copy) => producer.send({ topic, acks: -1, messages: [message] });
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      if (message.headers?.[COPY_HEADER] !== undefined || ++records % COPY_EVERY !== 0) return;
      const copy = {
        topic,
        partition,
        key: message.key,
        value: message.value,
        headers: { ...message.headers, [COPY_HEADER]: '1' },
      };
      sent.push(copy);
      await send(copy);
    },
  });
  return {
    copies: () => sent.length,
    records: () => records,
    /** All copies once more, long after they were applied. */
    copyAgain: async () => {
      for (const copy of sent) await send(copy);
      return sent.length;
    },
    stop: async () => {
      await consumer.disconnect();
      await producer.disconnect();
    },
  };
}
