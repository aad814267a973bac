import path from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { startWebhookReceiver, type WebhookReceiver } from '@millrace/test-kit';
import { ApiClient } from '../api-client.js';
import { SERVICES, startDistributedSystem, type DistributedSystem } from '../distributed-system.js';
import { NOOP, VIDEO } from './bodies.js';
import { describeDistributed, runnableModes } from './describe-distributed.js';
import { readFaultPlan, report } from './fault-plan.js';
import { judgeTasks } from './judge-tasks.js';
import { submitTasks } from './submit-tasks.js';

const TIMEOUT_MS = 180_000;
const JUDGE_MS = 45_000;
const HOUR_MS = 3_600_000;
const TASKS_EACH = 4;
const plan = readFaultPlan({ tasks: 4, kills: 0, outageS: 0 });

describeDistributed('a wall clock that is wrong by an hour', await runnableModes(plan.modes), () => {
  let system: DistributedSystem | undefined;
  let receiver: WebhookReceiver | undefined;

  afterEach(async () => {
    await receiver?.close();
    await system?.stop();
  }, TIMEOUT_MS);

  it.each([
    ['ahead', HOUR_MS],
    ['behind', -HOUR_MS],
  ])(
    'P1, P7, P13: each service in turn an hour %s: every task ends once, and costs the GPU time it took',
    async (name, shiftMs) => {
      system = await startDistributedSystem();
      receiver = await startWebhookReceiver();
      const api = new ApiClient(system);
      const ids: string[] = [];
      for (const service of SERVICES) {
        await shift(service, shiftMs);
        const accepted = await submitTasks(api, {
          name: `${name}-${service}`,
          count: TASKS_EACH,
          clients: 2,
          body: (index) => ({ ...(index === 0 ? VIDEO : NOOP), callback_url: `${receiver?.url}/ended` }),
        });
        for (const { id } of accepted) await api.ended(id, JUDGE_MS);
        ids.push(...accepted.map(({ id }) => id));
        if (service === 'gateway') await expectShifted(api, accepted[0]?.id ?? '', shiftMs);
        await shift(service, 0);
      }
      const verdict = await judgeTasks(api, ids, { timeoutMs: JUDGE_MS, receiver });
      const tasks = await Promise.all(ids.map((id) => api.task(id)));
      const gpuSeconds = tasks.map(({ usage }) => usage?.gpu_seconds ?? Number.NaN);
      report(`clock ${name}`, { ...verdict, gpuSecondsMax: Math.max(...gpuSeconds) });
      expect(verdict.states).toEqual({ completed: ids.length });
      for (const seconds of gpuSeconds) expect(seconds).toBeLessThan(60);
    },
    TIMEOUT_MS,
  );

  /** Its wall clock is wrong in what clients see; what it forwards is served or refused as ours, never as a bad key. */
  async function expectShifted(api: ApiClient, id: string, shiftMs: number): Promise<void> {
    const createdAtMs = Date.parse(String((await api.status(id))['created_at']));
    expect(Math.abs(createdAtMs - (systemClock.now() + shiftMs))).toBeLessThan(HOUR_MS / 2);
    const { status } = await api.call('GET', `/api/v1/costs?task=${id}`);
    expect(status).toBe(shiftMs > 0 ? 200 : 503);
  }

  async function shift(service: (typeof SERVICES)[number], shiftMs: number): Promise<void> {
    await system?.services.get(service)?.stop();
    const preload = path.resolve('e2e/src/faults/shift-clock.mjs');
    const wrong = { NODE_OPTIONS: `--import=file://${preload}`, TEST_CLOCK_SHIFT_MS: String(shiftMs) };
    await system?.start(service, shiftMs === 0 ? {} : { variables: wrong });
  }
});
