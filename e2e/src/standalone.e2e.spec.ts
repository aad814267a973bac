import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@millrace/test-kit';
import { ApiClient } from './api-client.js';
import { blackBoxSuite } from './black-box-suite.js';
import { startStandaloneSystem, type StandaloneSystem } from './standalone-system.js';

const TIMEOUT_MS = 180_000;
const SLOW_VIDEO = {
  prompt: 'a green square zigzag',
  task_type: 'ti2v-5B',
  resolution: '832*480',
  parameters: { duration_s: 2, steps: 10, step_delay_ms: 60 },
};

describe('Millrace on one machine', () => blackBoxSuite(() => startStandaloneSystem()));

describe('the standalone app as a process', () => {
  let system: StandaloneSystem | undefined;
  afterEach(async () => {
    await system?.stop();
    system = undefined;
  }, TIMEOUT_MS);

  it(
    'survives kill -9 of everything: the next start finds its data, and the task in flight completes (P1)',
    async () => {
      system = await startStandaloneSystem();
      const api = new ApiClient(system);
      const done = await api.generate({ prompt: 'x', task_type: 'noop' });
      await api.ended(done);
      const inFlight = await api.generate(SLOW_VIDEO);
      await eventually(async () => expect(Number((await api.status(inFlight))['progress'])).toBeGreaterThan(20), {
        timeoutMs: 30_000,
      });
      for (const pid of system.processes()) process.kill(pid, 'SIGKILL');
      system = await system.restart();
      const later = new ApiClient(system);
      expect(await later.ended(inFlight, 90_000)).toMatchObject({ status: 'completed' });
      expect(await later.status(done)).toMatchObject({ status: 'completed' });
      expect(await later.charged(inFlight)).toMatchObject({ state: 'charged' });
    },
    TIMEOUT_MS,
  );

  it(
    'ends on SIGTERM with nothing left running, and starts again on the same data',
    async () => {
      system = await startStandaloneSystem();
      const id = await new ApiClient(system).generate({ prompt: 'x', task_type: 'noop' });
      await new ApiClient(system).ended(id);
      await system.app.stop();
      await eventually(() => expect(system?.processes()).toEqual([]), { timeoutMs: 10_000 });
      system = await system.restart();
      expect(await new ApiClient(system).status(id)).toMatchObject({ status: 'completed' });
    },
    TIMEOUT_MS,
  );

  it(
    'keeps keys and prompts out of its logs',
    async () => {
      system = await startStandaloneSystem();
      const prompt = 'a secret purple diamond';
      await new ApiClient(system).ended(await new ApiClient(system).generate({ prompt, task_type: 'noop' }));
      for (const name of ['gateway', 'scheduler', 'billing', 'notifier', 'gpu-worker', 'standalone']) {
        const log = readFileSync(path.join(system.home, 'logs', `${name}.log`), 'utf8');
        expect(log).not.toContain(system.apiKey);
        expect(log).not.toContain(prompt);
      }
    },
    TIMEOUT_MS,
  );
});
