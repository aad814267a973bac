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
import { submitTasks, type AcceptedTask } from './submit-tasks.js';

const TIMEOUT_MS = 180_000;
const JUDGE_MS = 60_000;
/** P2. */
const SAME_AT_ONCE = 50;
/** When the kill comes, in the time that a first answer takes: before, while and after the gateway commits and answers. */
const KILL_AT = [1, 2, 3, 4, 6];
const plan = readFaultPlan({ tasks: SAME_AT_ONCE, kills: KILL_AT.length, outageS: 0 });

describe.each(await runnableModes(plan.modes))('one key, many requests and a kill, %s', (mode) => {
  let target: FaultTarget | undefined;
  let receiver: WebhookReceiver | undefined;

  afterEach(async () => {
    await receiver?.close();
    await target?.stop();
  }, TIMEOUT_MS);

  async function firstAnswerMs(api: ApiClient): Promise<number> {
    const startedMs = systemClock.monotonicMs();
    await Promise.race(Array.from({ length: SAME_AT_ONCE }, () => api.status('01890a5d-ac96-774b-bcce-b302099a8057')));
    return systemClock.monotonicMs() - startedMs;
  }

  /** Everyone sends the same at once, and asks no more: the ids of those who were answered. */
  async function sendOnce(api: ApiClient, key: string, body: object): Promise<readonly string[]> {
    const answers = await Promise.all(
      Array.from({ length: SAME_AT_ONCE }, () =>
        api.call('POST', '/api/v1/generate', body, { 'idempotency-key': key }).catch(() => undefined),
      ),
    );
    return answers.flatMap((answer) => (answer?.status === 202 ? [String(answer.body['task_id'])] : []));
  }

  it(
    `P2: ${SAME_AT_ONCE} identical requests at once, the gateway killed among them, and all of them again: one task, one charge`,
    async () => {
      receiver = await startWebhookReceiver();
      target = await startTarget(mode);
      const api = new ApiClient(target);
      const victim = mode === 'standalone' ? 'app' : 'gateway';
      const body = { ...NOOP, callback_url: `${receiver.url}/ended` };
      const accepted: AcceptedTask[] = [];
      const answeredBefore: number[] = [];
      let keptUnheard = 0;
      for (const [round, killAt] of KILL_AT.slice(0, plan.kills).entries()) {
        const waitMs = killAt * (await firstAnswerMs(api));
        const first = sendOnce(api, `same-${round}-0`, body);
        await sleep(systemClock, waitMs);
        await target.kill(victim);
        const killedAt = systemClock.now();
        const before = await first;
        await target.start(victim);
        // A careful client first, so that the gateway is there for the others.
        const [careful] = await submitTasks(api, { name: `same-${round}`, count: 1, clients: 1, body: () => body });
        const after = await sendOnce(api, `same-${round}-0`, body);
        expect(new Set([...before, careful!.id, ...after])).toEqual(new Set([careful!.id]));
        expect(after).toHaveLength(SAME_AT_ONCE);
        accepted.push(careful!);
        answeredBefore.push(before.length);
        const createdAt = Date.parse(String((await api.status(careful!.id))['created_at']));
        if (createdAt < killedAt && before.length < SAME_AT_ONCE) keptUnheard += 1;
      }
      const ids = accepted.map(({ id }) => id);
      const verdict = await judgeTasks(api, ids, { timeoutMs: JUDGE_MS, receiver });
      await checkTarget(target, api, { accepted, receiver });
      report(`P2 ${mode}`, { ...verdict, answeredBefore, keptUnheard });
      expect(verdict.states).toEqual({ completed: ids.length });
      // Some kill came between the commit and the last answer: else this showed nothing.
      expect(keptUnheard).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
