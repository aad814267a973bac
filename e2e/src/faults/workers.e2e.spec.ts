import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sleep, systemClock } from '@millrace/kernel';
import { eventually, startWebhookReceiver, type WebhookReceiver } from '@millrace/test-kit';
import { ApiClient } from '../api-client.js';
import { LEASE_MS } from '../system-under-test.js';
import { NOOP, VIDEO } from './bodies.js';
import { checkTarget } from './check-target.js';
import { runnableModes } from './describe-distributed.js';
import { readFaultPlan, report } from './fault-plan.js';
import { startTarget, type FaultTarget } from './fault-target.js';
import { judgeTasks } from './judge-tasks.js';

const START_MS = 120_000;
const TIMEOUT_MS = 120_000;
/** P8: 5 s after the end of the lease. */
const DISPATCH_MAX_MS = LEASE_MS + 5_000;
const PAST_LEASE_MS = 2_000;
/** Runs for some ten seconds. */
const SLOW = { ...VIDEO, parameters: { duration_s: 0.5, seed: 3, steps: 30, step_delay_ms: 300 } };
const SLOW_PROGRESS_MIN = 15;
/** Takes its one step at once and waits: stopped meanwhile, it ends the moment it goes on, before it can be told. */
const ALMOST_READY = { ...NOOP, parameters: { step_delay_ms: 3_000 } };
const modes = await runnableModes(readFaultPlan({ tasks: 1, kills: 1, outageS: 0 }).modes);

describe.each(modes)('a worker that hangs or dies, %s', (mode) => {
  let target: FaultTarget;
  let receiver: WebhookReceiver;
  let api: ApiClient;

  beforeEach(async () => {
    receiver = await startWebhookReceiver();
    target = await startTarget(mode, { distributed: { secondWorker: true } });
    api = new ApiClient(target);
  }, START_MS);

  afterEach(async () => {
    await receiver?.close();
    await target?.stop();
  }, START_MS);

  /** A task that has come so far, and the victim that runs it. */
  async function startTask(body: object, progressMin: number): Promise<{ id: string; victim: string }> {
    const id = await api.generate({ ...body, callback_url: `${receiver.url}/ended` });
    const worker = await eventually(
      async () => {
        expect(Number((await api.status(id))['progress'])).toBeGreaterThan(progressMin);
        return (await api.task(id)).attempts[0]?.worker ?? '';
      },
      { timeoutMs: 40_000, intervalMs: 50 },
    );
    return { id, victim: target.victimOf(worker) };
  }

  const secondAttempt = (id: string): Promise<void> =>
    eventually(async () => expect((await api.task(id)).attempts.length).toBeGreaterThan(1), {
      timeoutMs: 30_000,
      intervalMs: 50,
    });

  /** Past its lease; where there is a second worker, until that one has the task. Resolves with the time away, ms. */
  async function pausePastLease(victim: string, id: string): Promise<number> {
    target.pause(victim);
    const stoppedMs = systemClock.monotonicMs();
    if (mode === 'distributed') await secondAttempt(id);
    else await sleep(systemClock, LEASE_MS + PAST_LEASE_MS);
    target.resume(victim);
    return Math.round(systemClock.monotonicMs() - stoppedMs);
  }

  const refusals = (): Promise<number> =>
    eventually(async () => {
      const count = await target.metric('scheduler', 'millrace_scheduler_leases_total', 'refused');
      expect(count).toBeGreaterThan(0);
      return count;
    });

  async function expectOneOutcome(id: string): Promise<void> {
    const verdict = await judgeTasks(api, [id], { timeoutMs: 60_000, receiver });
    expect(verdict).toMatchObject({ states: { completed: 1 }, webhooks: 1 });
    await checkTarget(target, api, { accepted: [{ key: id, id, requests: 1, waitedMs: 0 }], receiver });
    const { attempts } = await api.task(id);
    expect(attempts.map(({ outcome, billable }) => [outcome, billable])).toEqual([
      ['lost', false],
      ['succeeded', true],
    ]);
    const costs = await api.charged(id);
    const byAttempt = costs['by_attempt'] as readonly { attempt: number; account: string; cost: string }[];
    const charged = byAttempt.filter(({ account }) => account.startsWith('tenant:'));
    expect(charged).toMatchObject([{ attempt: 2, cost: costs['cost'] }]);
  }

  it.each([
    ['in the middle of its work', SLOW, SLOW_PROGRESS_MIN],
    ['with its result as good as ready', ALMOST_READY, 0],
  ])(
    'P7: SIGSTOP past its lease, then SIGCONT, %s: what it says is refused, and the task is billed once',
    async (name, body, progressMin) => {
      const { id, victim } = await startTask(body, progressMin);
      const awayMs = await pausePastLease(victim, id);
      await expectOneOutcome(id);
      report(`P7 ${mode}, ${name}`, { awayMs, refused: await refusals() });
    },
    TIMEOUT_MS,
  );

  it(
    `P8: SIGKILL: found, and its task is dispatched again within the lease and 5 s (${DISPATCH_MAX_MS} ms)`,
    async () => {
      const { id, victim } = await startTask(SLOW, SLOW_PROGRESS_MIN);
      await target.kill(victim);
      const killedMs = systemClock.monotonicMs();
      await secondAttempt(id);
      const dispatchedAfterMs = Math.round(systemClock.monotonicMs() - killedMs);
      report(`P8 ${mode}`, { dispatchedAfterMs, leaseMs: LEASE_MS });
      expect(dispatchedAfterMs).toBeLessThan(DISPATCH_MAX_MS);
      await expectOneOutcome(id);
    },
    TIMEOUT_MS,
  );
});
