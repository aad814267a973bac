import { afterEach, describe, expect, it } from '@jest/globals';
import { sleep, systemClock } from '@millrace/kernel';
import { startWebhookReceiver, type WebhookReceiver } from '@millrace/test-kit';
import { ApiClient } from '../api-client.js';
import { NOOP } from './bodies.js';
import { checkTarget } from './check-target.js';
import { runnableModes } from './describe-distributed.js';
import { readFaultPlan, report } from './fault-plan.js';
import { startTarget, type FaultTarget } from './fault-target.js';
import { judgeTasks } from './judge-tasks.js';
import { submitTasks } from './submit-tasks.js';

/** Longer than a lease, a session at the broker, and the term of a leader. */
const PAUSE_MS = 20_000;
const BETWEEN_PAUSES_MS = 2_000;
const VICTIMS_MAX = 5;
const JUDGE_MS = 90_000;
const TIMEOUT_MS = 60_000 + VICTIMS_MAX * (PAUSE_MS + BETWEEN_PAUSES_MS) + JUDGE_MS;
const CLIENTS = 2;
const plan = readFaultPlan({ tasks: 200, kills: 0, outageS: 0 });

describe.each(await runnableModes(plan.modes))('services that hang, %s', (mode) => {
  let target: FaultTarget | undefined;
  let receiver: WebhookReceiver | undefined;

  afterEach(async () => {
    await receiver?.close();
    await target?.stop();
  }, TIMEOUT_MS);

  it(
    `P1, P3, P14: each service stopped for ${PAUSE_MS} ms under load (SIGSTOP, SIGCONT): each accepted task ends once`,
    async () => {
      receiver = await startWebhookReceiver();
      target = await startTarget(mode);
      const api = new ApiClient(target);
      const victims = Object.keys(target.pids());
      const load = submitTasks(api, {
        name: 'pauses',
        count: plan.tasks,
        clients: CLIENTS,
        pauseMs: (CLIENTS * victims.length * PAUSE_MS) / plan.tasks,
        body: () => ({ ...NOOP, callback_url: `${receiver?.url}/ended` }),
      });
      for (const victim of victims) {
        await sleep(systemClock, BETWEEN_PAUSES_MS);
        target.pause(victim);
        await sleep(systemClock, PAUSE_MS);
        target.resume(victim);
      }
      const accepted = await load;
      const verdict = await judgeTasks(
        api,
        accepted.map(({ id }) => id),
        { timeoutMs: JUDGE_MS, receiver },
      );
      await checkTarget(target, api, { accepted, receiver });
      const requestsRepeated = accepted.filter(({ requests }) => requests > 1).length;
      report(`pauses ${mode}`, { victims, ...verdict, requestsRepeated });
      // A gateway that hangs answers nobody: its clients came again with the same key.
      expect(requestsRepeated).toBeGreaterThan(0);
      expect(verdict.notCompleted).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
