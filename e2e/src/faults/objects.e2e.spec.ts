import { afterEach, expect, it } from '@jest/globals';
import { eventually, startTcpProxy, type ProxyFault, type TcpProxy } from '@millrace/test-kit';
import { ApiClient } from '../api-client.js';
import { startDistributedSystem, type DistributedSystem } from '../distributed-system.js';
import { VIDEO } from './bodies.js';
import { describeDistributed, runnableModes } from './describe-distributed.js';
import { readFaultPlan, report } from './fault-plan.js';
import { judgeTasks } from './judge-tasks.js';
import { sleep, systemClock } from '@millrace/kernel';

const TIMEOUT_MS = 150_000;
const JUDGE_MS = 90_000;
const AWAY_MS = 6_000;
const FAULTS: readonly ProxyFault[] = [
  { kind: 'reset' },
  { kind: 'half-open' },
  { kind: 'drip', bytesPerSecond: 5_000 },
];

describeDistributed(
  'the object store fails',
  await runnableModes(readFaultPlan({ tasks: 0, kills: 0, outageS: 6 }).modes),
  () => {
    let system: DistributedSystem | undefined;
    let proxy: TcpProxy | undefined;

    afterEach(async () => {
      await system?.stop();
      await proxy?.close();
    }, TIMEOUT_MS);

    it(
      'P1: uploads that are reset, hang or drip: each task ends, and what it made can be downloaded whole',
      async () => {
        system = await startDistributedSystem({
          s3Endpoint: async (endpoint) => {
            proxy = await startTcpProxy({ port: Number(new URL(endpoint).port) });
            return proxy.through(endpoint);
          },
        });
        const api = new ApiClient(system);
        const ids: string[] = [];
        for (const fault of FAULTS) {
          const id = await api.generate(VIDEO);
          ids.push(id);
          await eventually(async () => expect(Number((await api.status(id))['progress'])).toBeGreaterThan(0), {
            timeoutMs: 30_000,
          });
          proxy?.set(fault);
          await sleep(systemClock, AWAY_MS);
          proxy?.set({ kind: 'none' });
          await api.ended(id, JUDGE_MS);
        }
        const verdict = await judgeTasks(api, ids, { timeoutMs: JUDGE_MS });
        report('objects', { ...verdict });
        expect(verdict.states).toEqual({ completed: ids.length });
        for (const id of ids) {
          const { result_url: url, file_size: size } = await api.status(id);
          expect((await (await fetch(String(url))).arrayBuffer()).byteLength).toBe(size);
        }
      },
      TIMEOUT_MS,
    );
  },
);
