import { afterEach, describe, expect, it } from '@jest/globals';
import { sleep, systemClock } from '@millrace/kernel';
import { startWebhookReceiver, type WebhookReceiver } from '@millrace/test-kit';
import { ApiClient } from '../api-client.js';
import { NOOP, VIDEO } from './bodies.js';
import { checkTarget } from './check-target.js';
import { runnableModes } from './describe-distributed.js';
import { readFaultPlan, report } from './fault-plan.js';
import { startTarget, type FaultTarget } from './fault-target.js';
import { judgeTasks } from './judge-tasks.js';
import { submitTasks } from './submit-tasks.js';

const TIMEOUT_MS = 175_000;
const JUDGE_MS = 60_000;
const BETWEEN_RESTARTS_MS = 1_000;
const VIDEO_EVERY = 50;
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
    'P20: every service ends and starts again under load: no accepted task fails, none is announced twice',
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
      for (const victim of victims) {
        await sleep(systemClock, BETWEEN_RESTARTS_MS);
        const startedMs = systemClock.monotonicMs();
        await target.end(victim);
        await target.start(victim);
        restarts[victim] = Math.round(systemClock.monotonicMs() - startedMs);
      }
      const underLoad = loading;
      const accepted = await load;
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
    },
    TIMEOUT_MS,
  );
});
