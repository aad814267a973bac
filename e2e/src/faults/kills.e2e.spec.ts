import { afterEach, describe, expect, it } from '@jest/globals';
import { seededRng, systemClock } from '@millrace/kernel';
import { startWebhookReceiver, type WebhookReceiver } from '@millrace/test-kit';
import { ApiClient } from '../api-client.js';
import { NOOP, VIDEO } from './bodies.js';
import { startTarget, type FaultTarget } from './fault-target.js';
import { checkTarget } from './check-target.js';
import { runnableModes } from './describe-distributed.js';
import { readFaultPlan, report } from './fault-plan.js';
import { judgeTasks } from './judge-tasks.js';
import { killAtRandom } from './random-kills.js';
import { submitTasks } from './submit-tasks.js';

const START_MS = 120_000;
/** Of the whole test, a kill and a task. */
const LIMITS_MS = { fixed: 120_000, kill: 15_000, task: 100 };
const VIDEO_EVERY = 100;
const plan = readFaultPlan({ tasks: 500, kills: 10, outageS: 0 });
const timeoutMs = LIMITS_MS.fixed + plan.kills * LIMITS_MS.kill + plan.tasks * LIMITS_MS.task;

describe.each(await runnableModes(plan.modes))('services and workers killed at random, %s', (mode) => {
  let target: FaultTarget | undefined;
  let receiver: WebhookReceiver | undefined;

  afterEach(async () => {
    await receiver?.close();
    await target?.stop();
  }, START_MS);

  it(
    `P1, P2, P3, P14, P15: ${plan.tasks} tasks and ${plan.kills} kills: each accepted task ends once, is charged once, is announced`,
    async () => {
      const startedMs = systemClock.monotonicMs();
      receiver = await startWebhookReceiver();
      target = await startTarget(mode, {
        standalone: { variables: { MILLRACE_WORKER_SLOTS: '4' } },
        distributed: { variables: { MILLRACE_WORKER_SLOTS: '4' } },
      });
      const api = new ApiClient(target);
      const callback = `${receiver.url}/ended`;
      const load = submitTasks(api, {
        name: `kills-${plan.seed}`,
        count: plan.tasks,
        clients: 4,
        pauseMs: (plan.kills * 6_000 * 4) / plan.tasks,
        body: (index) => ({ ...(index % VIDEO_EVERY === 0 ? VIDEO : NOOP), callback_url: callback }),
      });
      const kills = killAtRandom(
        target,
        { kills: plan.kills, pauseMs: { min: 500, max: 4_000 }, awayMs: { min: 0, max: 2_000 } },
        seededRng(plan.seed),
      );
      const [accepted, killed] = await Promise.all([load, kills]);
      const verdict = await judgeTasks(
        api,
        accepted.map(({ id }) => id),
        { timeoutMs, receiver },
      );
      await checkTarget(target, api, { accepted, receiver });
      report(`P1 ${mode}`, {
        tasks: accepted.length,
        killed,
        ...verdict,
        requestsRepeated: accepted.filter(({ requests }) => requests > 1).length,
        seconds: Math.round((systemClock.monotonicMs() - startedMs) / 1000),
      });
      // A worker that dies three times under one task fails it (dead_lettered): the only end but success here.
      expect(verdict.notCompleted.filter((line) => !line.includes('dead_lettered'))).toEqual([]);
    },
    timeoutMs,
  );
});
