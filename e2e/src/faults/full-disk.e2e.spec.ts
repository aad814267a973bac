import { afterEach, expect, it } from '@jest/globals';
import { sleep, systemClock } from '@millrace/kernel';
import { ApiClient } from '../api-client.js';
import { startDistributedSystem, type DistributedSystem } from '../distributed-system.js';
import { NOOP } from './bodies.js';
import { describeDistributed, runnableModes } from './describe-distributed.js';
import { readFaultPlan, report } from './fault-plan.js';
import { judgeTasks, listTasks } from './judge-tasks.js';
import { submitTasks } from './submit-tasks.js';

const TIMEOUT_MS = 150_000;
const JUDGE_MS = 60_000;
/** Some dozens of records: a worker that starts again meanwhile begins a new file. */
const DISK_KIB = 64;
const FULL_MS = 10_000;
const plan = readFaultPlan({ tasks: 200, kills: 0, outageS: 0 });

describeDistributed('the disk of the spool is full', await runnableModes(plan.modes), () => {
  let system: DistributedSystem | undefined;
  afterEach(async () => system?.stop(), TIMEOUT_MS);

  it(
    'P1, P13: nothing is reported that is not spooled; with room again every task ends once',
    async () => {
      system = await startDistributedSystem();
      const api = new ApiClient(system);
      await system.services.get('gpu-worker')?.stop();
      await system.start('gpu-worker', { fileSizeMaxKiB: DISK_KIB });
      const accepted = await submitTasks(api, { name: 'disk', count: plan.tasks, clients: 4, body: () => NOOP });
      await sleep(systemClock, FULL_MS);
      const open = (await listTasks(api)).filter(({ status }) => status !== 'completed').length;
      await system.services.get('gpu-worker')?.kill();
      await system.start('gpu-worker');
      const verdict = await judgeTasks(
        api,
        accepted.map(({ id }) => id),
        { timeoutMs: JUDGE_MS },
      );
      report('full disk', { ...verdict, openWhileFull: open });
      expect(open).toBeGreaterThan(0);
      expect(verdict.notCompleted).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
