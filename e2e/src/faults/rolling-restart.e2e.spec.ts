import { afterEach, describe, expect, it } from '@jest/globals';
import { sleep, systemClock } from '@millrace/kernel';
import { eventually, startWebhookReceiver, type WebhookReceiver } from '@millrace/test-kit';
import { ApiClient } from '../api-client.js';
import { NOOP, VIDEO } from './bodies.js';
import { checkTarget } from './check-target.js';
import { runnableModes } from './describe-distributed.js';
import { readFaultPlan, report } from './fault-plan.js';
import { startTarget, type FaultTarget } from './fault-target.js';
import { judgeTasks } from './judge-tasks.js';
import { submitTasks, type AcceptedTask } from './submit-tasks.js';

const TIMEOUT_MS = 175_000;
const JUDGE_MS = 60_000;
const BETWEEN_RESTARTS_MS = 1_000;
const VIDEO_EVERY = 50;
/** Runs for some seconds: the restart of the worker meets it. */
const LONG_VIDEO = { ...VIDEO, parameters: { ...VIDEO.parameters, steps: 12, step_delay_ms: 300 } };
const LONG_PROGRESS_MIN = 10;
/** P20. */
const DUPLICATE_SHARE_MAX = 0.001;
const plan = readFaultPlan({ tasks: 200, kills: 0, outageS: 0 });

describe.each(await runnableModes(plan.modes))('a rolling restart, %s', (mode) => {
  let target: FaultTarget | undefined;
  let receiver: WebhookReceiver | undefined;

  afterEach(async () => {
    await receiver?.close();
    await target?.stop();
  }, TIMEOUT_MS);

  it(
    'P20, P9: every service ends and starts again under load: no accepted task fails, none is announced twice, what ran is handed back',
    async () => {
      receiver = await startWebhookReceiver();
      target = await startTarget(mode);
      const api = new ApiClient(target);
      const callback = `${receiver.url}/ended`;
      let loading = true;
      const load = submitTasks(api, {
        name: 'rolling',
        count: plan.tasks,
        clients: 2,
        pauseMs: 250,
        body: (index) => ({ ...(index % VIDEO_EVERY === 0 ? VIDEO : NOOP), callback_url: callback }),
      }).finally(() => (loading = false));
      const restarts: Record<string, number> = {};
      const victims = target.victims.filter((name) => !['everything', 'database'].includes(name));
      const long: AcceptedTask[] = [];
      for (const victim of victims) {
        await sleep(systemClock, BETWEEN_RESTARTS_MS);
        if (victim === 'gpu-worker') long.push(await startLong(api, callback));
        const startedMs = systemClock.monotonicMs();
        await target.end(victim);
        await target.start(victim);
        restarts[victim] = Math.round(systemClock.monotonicMs() - startedMs);
      }
      const underLoad = loading;
      const accepted = [...(await load), ...long];
      const verdict = await judgeTasks(
        api,
        accepted.map(({ id }) => id),
        { timeoutMs: JUDGE_MS, receiver },
      );
      await checkTarget(target, api, { accepted, receiver });
      report(`P20 ${mode}`, {
        ...verdict,
        restarts,
        requestsRepeated: accepted.filter(({ requests }) => requests > 1).length,
      });
      expect(underLoad).toBe(true);
      expect(verdict.states).toEqual({ completed: accepted.length });
      expect(verdict.duplicateWebhooks).toBeLessThanOrEqual(Math.floor(accepted.length * DUPLICATE_SHARE_MAX));
      // P9: the worker handed back what it ran, and the task went on from its checkpoint.
      const { attempts } = await api.task(long[0]?.id ?? '');
      expect(attempts).toMatchObject([
        { outcome: 'preempted', billable: false },
        { outcome: 'succeeded', billable: true },
      ]);
      expect(attempts[1]?.resumed_from_step).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  /** A task that runs and has a checkpoint. */
  async function startLong(api: ApiClient, callback: string): Promise<AcceptedTask> {
    const key = 'rolling-long';
    const id = await api.generate({ ...LONG_VIDEO, callback_url: callback }, { 'idempotency-key': key });
    await eventually(
      async () => expect(Number((await api.status(id))['progress'])).toBeGreaterThan(LONG_PROGRESS_MIN),
      { timeoutMs: 60_000, intervalMs: 50 },
    );
    return { key, id, requests: 1, waitedMs: 0 };
  }
});
