import { afterEach, describe, expect, it } from '@jest/globals';
import { sleep, systemClock } from '@millrace/kernel';
import { startKillablePostgres, startTcpProxy, type KillablePostgres, type TcpProxy } from '@millrace/test-kit';
import { ApiClient } from '../api-client.js';
import { NOOP } from './bodies.js';
import { checkTarget } from './check-target.js';
import { runnableModes } from './describe-distributed.js';
import { readFaultPlan, report } from './fault-plan.js';
import { startTarget, type FaultTarget } from './fault-target.js';
import { judgeTasks, type Verdict } from './judge-tasks.js';
import { submitTasks, type AcceptedTask } from './submit-tasks.js';

const TIMEOUT_MS = 170_000;
const JUDGE_MS = 60_000;
const AWAY_MS = 3_000;
/** P22. */
const BACK_MAX_MS = 10_000;
/** The load goes on for so long between two faults. */
const UNDER_LOAD_MS = 2_000;
const plan = readFaultPlan({ tasks: 200, kills: 2, outageS: 3 });

describe.each(await runnableModes(plan.modes))('the database goes away, %s', (mode) => {
  let target: FaultTarget | undefined;
  let database: KillablePostgres | undefined;
  let proxy: TcpProxy | undefined;

  afterEach(async () => {
    await target?.stop();
    await proxy?.close();
    await database?.stop();
  }, TIMEOUT_MS);

  async function startOverProxy(): Promise<ApiClient> {
    database = await startKillablePostgres();
    proxy = await startTcpProxy({ port: database.port });
    const databaseUrl = proxy.through(database.url);
    target = await startTarget(mode, {
      standalone: { variables: { DATABASE_URL: databaseUrl } },
      distributed: { database, databaseUrl },
    });
    return new ApiClient(target);
  }

  async function judge(api: ApiClient, accepted: readonly AcceptedTask[]): Promise<Verdict> {
    const ids = accepted.map(({ id }) => id);
    const verdict = await judgeTasks(api, ids, { timeoutMs: JUDGE_MS });
    await checkTarget(target!, api, { accepted });
    return verdict;
  }

  const load = (api: ApiClient, name: string): Promise<readonly AcceptedTask[]> =>
    submitTasks(api, { name, count: plan.tasks, clients: 4, pauseMs: 200, body: () => NOOP });

  it(
    `P22: kill -9 of Postgres, ${plan.kills} times under load: no acknowledged task is lost, and it accepts again within ${BACK_MAX_MS} ms`,
    async () => {
      const api = await startOverProxy();
      const backMs: number[] = [];
      const extra: AcceptedTask[] = [];
      const kills = async (): Promise<void> => {
        for (let kill = 0; kill < plan.kills; kill++) {
          await sleep(systemClock, UNDER_LOAD_MS);
          await database?.kill();
          await sleep(systemClock, AWAY_MS);
          await database?.start();
          const startedMs = systemClock.monotonicMs();
          extra.push(...(await submitTasks(api, { name: `back-${kill}`, count: 1, clients: 1, body: () => NOOP })));
          backMs.push(Math.round(systemClock.monotonicMs() - startedMs));
        }
      };
      const [accepted] = await Promise.all([load(api, 'p22'), kills()]);
      const verdict = await judge(api, [...accepted, ...extra]);
      report(`P22 ${mode}`, {
        ...verdict,
        backMs,
        requestsRepeated: accepted.filter(({ requests }) => requests > 1).length,
      });
      expect(verdict.notCompleted).toEqual([]);
      expect(Math.max(...backMs)).toBeLessThan(BACK_MAX_MS);
    },
    TIMEOUT_MS,
  );

  it.each(['before', 'after'] as const)(
    'P22: each tenth COMMIT loses its connection %s the server has it: each accepted task ends once',
    async (when) => {
      const api = await startOverProxy();
      proxy?.cutWhen({ text: 'COMMIT', when, every: 10 });
      const accepted = await load(api, `cut-${when}`);
      await sleep(systemClock, UNDER_LOAD_MS);
      proxy?.cutWhen(undefined);
      const verdict = await judge(api, accepted);
      report(`P22 ${mode}, cut ${when} COMMIT`, { ...verdict, cuts: proxy?.cuts });
      expect(proxy?.cuts).toBeGreaterThan(10);
      expect(verdict.notCompleted).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'P22: a way to the database that hangs for 8 s, then drips, then breaks: each accepted task ends once',
    async () => {
      const api = await startOverProxy();
      const faults = async (): Promise<void> => {
        for (const [fault, ms] of FAULTS) {
          proxy?.set(fault);
          await sleep(systemClock, ms);
        }
        proxy?.set({ kind: 'none' });
      };
      const [accepted] = await Promise.all([load(api, 'way'), faults()]);
      const verdict = await judge(api, accepted);
      report(`P22 ${mode}, a bad way`, { ...verdict });
      expect(verdict.notCompleted.filter((line) => !line.includes('dead_lettered'))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

const FAULTS = [
  [{ kind: 'latency', ms: 30 }, 3_000],
  [{ kind: 'half-open' }, 8_000],
  [{ kind: 'none' }, 1_000],
  [{ kind: 'drip', bytesPerSecond: 2_000 }, 3_000],
  [{ kind: 'reset' }, 3_000],
] as const;

describe('the embedded database', () => {
  let target: FaultTarget | undefined;
  afterEach(async () => target?.stop(), TIMEOUT_MS);

  it(
    `P22: kill -9 under load: the app starts it again within ${BACK_MAX_MS} ms, and no acknowledged task is lost`,
    async () => {
      target = await startTarget('standalone');
      const api = new ApiClient(target);
      const load = submitTasks(api, { name: 'own', count: plan.tasks, clients: 4, pauseMs: 200, body: () => NOOP });
      await sleep(systemClock, UNDER_LOAD_MS);
      await target.kill('database');
      const accepted = await load;
      const verdict = await judgeTasks(
        api,
        accepted.map(({ id }) => id),
        { timeoutMs: JUDGE_MS },
      );
      await checkTarget(target, api, { accepted });
      const waitedMs = Math.round(Math.max(...accepted.map((task) => task.waitedMs)));
      report('P22, embedded', { ...verdict, waitedMs });
      expect(verdict.notCompleted).toEqual([]);
      expect(accepted.some(({ requests }) => requests > 1)).toBe(true);
      expect(waitedMs).toBeLessThan(BACK_MAX_MS);
    },
    TIMEOUT_MS,
  );
});
