import { afterEach, expect, it } from '@jest/globals';
import { sleep, systemClock } from '@millrace/kernel';
import { startKafka, startWebhookReceiver, type KafkaCluster, type WebhookReceiver } from '@millrace/test-kit';
import { ApiClient } from '../api-client.js';
import { NOOP } from './bodies.js';
import { readFaultPlan, report } from './fault-plan.js';
import { startTarget, type FaultTarget } from './fault-target.js';
import { judgeTasks } from './judge-tasks.js';
import { submitTasks, type AcceptedTask } from './submit-tasks.js';
import { checkTarget } from './check-target.js';
import { describeDistributed, runnableModes } from './describe-distributed.js';

const START_MS = 180_000;
const JUDGE_MS = 90_000;
/** P21: everything accepted meanwhile has ended so long after the broker is back. */
const CAUGHT_UP_MAX_MS = 60_000;
/** P21: so long at least the gateway goes on accepting. */
const ACCEPTS_MIN_S = 25;
/** Longer than a client of Kafka waits between two attempts to connect: half of the usual lease. */
const LEASE_MS = '15000';
const UNDER_LOAD_MS = 3_000;
const BETWEEN_TASKS_MS = 500;
const plan = readFaultPlan({ tasks: 100, kills: 1, outageS: 30 });
const timeoutMs = START_MS + plan.outageS * 1_000 + JUDGE_MS;

describeDistributed('the broker goes away', await runnableModes(plan.modes), () => {
  let target: FaultTarget | undefined;
  let kafka: KafkaCluster | undefined;
  let receiver: WebhookReceiver | undefined;

  afterEach(async () => {
    await receiver?.close();
    await target?.stop();
    await kafka?.stop();
  }, START_MS);

  async function start(brokers: number): Promise<ApiClient> {
    receiver = await startWebhookReceiver();
    kafka = await startKafka({ brokers });
    const replication = brokers > 1 ? { MILLRACE_REPLICATION: String(brokers) } : {};
    target = await startTarget('distributed', {
      distributed: { brokers: kafka.brokers, variables: { ...replication, MILLRACE_LEASE_MS: LEASE_MS } },
    });
    return new ApiClient(target);
  }

  it(
    `P21: stopped for ${plan.outageS} s: the gateway accepts, then says 503 with Retry-After, and all is caught up within a minute`,
    async () => {
      const api = await start(1);
      const before = await submitTasks(api, { name: 'before', count: 20, clients: 4, body: withCallback });
      await kafka?.nodes[0]?.kill();
      const { accepted, refusals, acceptedForS } = await submitFor(api, plan.outageS);
      await kafka?.nodes[0]?.start();
      const backMs = systemClock.monotonicMs();
      const verdict = await judgeTasks(
        api,
        [...before, ...accepted].map(({ id }) => id),
        {
          timeoutMs: JUDGE_MS,
          receiver: receiver!,
        },
      );
      const caughtUpMs = Math.round(systemClock.monotonicMs() - backMs);
      await checkTarget(target!, api, { accepted: [...before, ...accepted], receiver: receiver! });
      report('P21', {
        outageS: plan.outageS,
        accepted: accepted.length,
        acceptedForS,
        refusals: refusals.length,
        caughtUpMs,
        ...verdict,
      });
      expect(acceptedForS).toBeGreaterThan(Math.min(ACCEPTS_MIN_S, plan.outageS - 5));
      for (const refusal of refusals) expect(refusal).toEqual({ status: 503, retryAfter: true });
      expect(verdict.notCompleted).toEqual([]);
      expect(caughtUpMs).toBeLessThan(CAUGHT_UP_MAX_MS);
    },
    timeoutMs,
  );

  it(
    'P21: one of three brokers killed under load: nothing is refused, nothing is lost',
    async () => {
      const api = await start(3);
      const load = submitTasks(api, { name: 'three', count: plan.tasks, clients: 2, pauseMs: 200, body: withCallback });
      await sleep(systemClock, UNDER_LOAD_MS);
      await kafka?.nodes[1]?.kill();
      const accepted = await load;
      const verdict = await judgeTasks(
        api,
        accepted.map(({ id }) => id),
        { timeoutMs: JUDGE_MS, receiver: receiver! },
      );
      await checkTarget(target!, api, { accepted, receiver: receiver! });
      report('P21, one of three brokers', {
        ...verdict,
        requestsRepeated: accepted.filter(({ requests }) => requests > 1).length,
      });
      expect(verdict.notCompleted).toEqual([]);
      expect(accepted.every(({ requests }) => requests === 1)).toBe(true);
    },
    timeoutMs,
  );

  const withCallback = () => ({ ...NOOP, callback_url: `${receiver?.url}/ended` });

  /** Two tasks a second, once each: what is accepted, until when, and how the others are refused. */
  async function submitFor(api: ApiClient, seconds: number) {
    const startedMs = systemClock.monotonicMs();
    const elapsedS = (): number => (systemClock.monotonicMs() - startedMs) / 1000;
    const accepted: AcceptedTask[] = [];
    const refusals: { status: number; retryAfter: boolean }[] = [];
    let acceptedForS = 0;
    while (elapsedS() < seconds) {
      const key = `outage-${accepted.length}-${refusals.length}`;
      const answer = await api.call('POST', '/api/v1/generate', withCallback(), { 'idempotency-key': key });
      const { status, body, headers } = answer;
      if (status === 202) {
        accepted.push({ key, id: String(body['task_id']), requests: 1, waitedMs: 0 });
        acceptedForS = elapsedS();
      } else refusals.push({ status, retryAfter: Number(headers.get('retry-after')) > 0 });
      await sleep(systemClock, BETWEEN_TASKS_MS);
    }
    return { accepted, refusals, acceptedForS: Math.round(acceptedForS) };
  }
});
