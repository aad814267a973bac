import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { eventually, startWebhookReceiver, type WebhookReceiver } from '@millrace/test-kit';
import { ApiClient } from '../api-client.js';
import { NOOP } from './bodies.js';
import { runnableModes } from './describe-distributed.js';
import { readFaultPlan, report } from './fault-plan.js';
import { startTarget, type FaultTarget } from './fault-target.js';
import { startHostileEndpoints, type HostileEndpoints } from './hostile-endpoints.js';
import { judgeTasks } from './judge-tasks.js';

const TIMEOUT_MS = 150_000;
/** A try is given up after 15 s. */
const FIRST_TRY_MS = 45_000;
/** P16. */
const GOOD_P95_MAX_MS = 3_000;
const ROUNDS = 5;
const GOOD_EACH_ROUND = 8;

interface Delivery {
  readonly state: string;
  readonly next_try_at: string | null;
  readonly tries: readonly { readonly error: string | null; readonly latency_ms: number }[];
}

describe.each(await runnableModes(readFaultPlan({ tasks: 0, kills: 0, outageS: 0 }).modes))(
  'hostile webhook endpoints, %s',
  (mode) => {
    let target: FaultTarget;
    let hostile: HostileEndpoints;
    let receiver: WebhookReceiver;

    beforeEach(async () => {
      hostile = await startHostileEndpoints();
      receiver = await startWebhookReceiver();
      target = await startTarget(mode);
    }, TIMEOUT_MS);

    afterEach(async () => {
      await target?.stop();
      await receiver?.close();
      await hostile?.close();
    }, TIMEOUT_MS);

    it(
      'P14, P16, P17: each failure is named and tried again, no redirect is followed, good endpoints do not wait',
      async () => {
        const api = new ApiClient(target);
        const bad = new Map<string, string>();
        const good: string[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          for (const { name, url } of hostile.endpoints)
            bad.set(await api.generate({ ...NOOP, callback_url: url }), name);
          for (let n = 0; n < GOOD_EACH_ROUND; n++)
            good.push(await api.generate({ ...NOOP, callback_url: `${receiver.url}/good` }));
        }
        for (const id of good) await api.ended(id);
        const latencies = await goodLatencies(good);
        const failures = await Promise.all(
          [...bad].map(async ([id, name]) => ({ name, delivery: await firstTry(api, id) })),
        );
        await judgeTasks(api, [...good, ...bad.keys()], { timeoutMs: TIMEOUT_MS });
        const p95 = latencies[Math.floor(latencies.length * 0.95)] ?? Number.NaN;
        const errors = Object.fromEntries(failures.map(({ name, delivery }) => [name, delivery.tries[0]?.error]));
        report(`hostile endpoints ${mode}`, { good: good.length, p95Ms: p95, errors, canaryHits: hostile.canaryHits });
        for (const { name, wantError } of hostile.endpoints) expect(errors[name]).toMatch(wantError);
        for (const { delivery } of failures)
          expect([delivery.state, delivery.next_try_at]).toEqual(['pending', expect.any(String)]);
        expect(hostile.canaryHits).toBe(0);
        expect(p95).toBeLessThan(GOOD_P95_MAX_MS);
      },
      TIMEOUT_MS,
    );

    /** From a task's end until its webhook came, ms, sorted. Both on this machine's clock. */
    async function goodLatencies(ids: readonly string[]): Promise<readonly number[]> {
      const webhooks = await receiver.waitFor(ids.length, { timeoutMs: FIRST_TRY_MS });
      return webhooks
        .map(({ body, headers }) => {
          const { timestamp } = JSON.parse(body) as { timestamp: string };
          return Number(headers['webhook-timestamp']) * 1000 - Math.floor(Date.parse(timestamp) / 1000) * 1000;
        })
        .sort((one, other) => one - other);
    }

    async function firstTry(api: ApiClient, id: string): Promise<Delivery> {
      return eventually(
        async () => {
          const { data } = (await api.call('GET', `/api/v1/webhooks/deliveries?task=${id}`)).body as {
            data: Delivery[];
          };
          if ((data[0]?.tries.length ?? 0) === 0) throw new Error(`no try for ${id} yet, at ${systemClock.now()}`);
          return data[0]!;
        },
        { timeoutMs: FIRST_TRY_MS, intervalMs: 500 },
      );
    }
  },
);
