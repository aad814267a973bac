import { describe, expect, it } from '@jest/globals';
import { aPendingTask, aWorkerView, taskIdOf } from '../testing/builders.js';
import { decide, decideCycle } from './decide.js';
import type { Decision } from './decision.js';
import type { PendingTask, WorkerView } from './snapshot.js';

const POLICY = { maxPlacements: 1_000 };

function decided(
  pending: readonly PendingTask[],
  workers: readonly WorkerView[],
  policy = POLICY,
): readonly Decision[] {
  return decide({ pending, workers }, policy, 0);
}

/** `1@worker-00001` for a placement, `1:pool_busy` for a wait, in order of decision. */
function told(decisions: readonly Decision[]): readonly string[] {
  return decisions.map((decision) => {
    const number = Number.parseInt(decision.task.id.slice(-12), 16);
    return decision.kind === 'place' ? `${number}@${decision.worker.workerId}` : `${number}:${decision.reason}`;
  });
}

describe('decide', () => {
  it('QUE-02: takes the higher priority first, whatever came first', () => {
    const tasks = [aPendingTask(1, { priority: -1 }), aPendingTask(2), aPendingTask(3, { priority: 1 })];
    expect(told(decided(tasks, [aWorkerView(1)]))).toEqual(['3@worker-00001', '2:pool_busy', '1:pool_busy']);
  });

  it('WRK-13: lets a task that pauses after a failure wait, and takes the next one meanwhile', () => {
    const tasks = [aPendingTask(1, { notBefore: 500 }), aPendingTask(2)];
    const at = (now: number) => told(decide({ pending: tasks, workers: [aWorkerView(1)] }, { maxPlacements: 10 }, now));
    expect(at(499)).toEqual(['1:retry_backoff', '2@worker-00001']);
    expect(at(500)).toEqual(['1@worker-00001', '2:pool_busy']);
  });

  it('QUE-02: within a priority, the task requested first; ties by id', () => {
    const tasks = [
      aPendingTask(3, { requestedAt: 10 }),
      aPendingTask(2, { requestedAt: 10 }),
      aPendingTask(4, { requestedAt: 5, taskType: 'noop' }),
    ];
    const worker = aWorkerView(1, { taskTypes: ['ti2v-5B', 'noop'], slots: 2 });
    expect(told(decided(tasks, [worker]))).toEqual(['4@worker-00001', '2@worker-00001', '3:pool_busy']);
  });

  it('TYP-22: charges a task of unknown length for as many GPUs as it takes', () => {
    const tasks = [aPendingTask(1, { tenantId: 'acme', needs: { gpus: 4, vramMiB: 1 } })];
    const { shares } = decideCycle({ pending: tasks, workers: [aWorkerView(1, { gpus: 4 })] }, POLICY, 0);
    expect(shares.find(({ priority }) => priority === 0)?.tenants).toEqual({ acme: 720 });
  });

  it('fills the first fitting worker, then the next', () => {
    const tasks = [1, 2, 3].map((number) => aPendingTask(number));
    const workers = [aWorkerView(2), aWorkerView(1, { slots: 3, usedSlots: 1 })];
    expect(told(decided(tasks, workers))).toEqual(['1@worker-00001', '2@worker-00001', '3@worker-00002']);
  });

  it('TYP-03: VRAM is a hard limit', () => {
    const task = aPendingTask(1, { needs: { gpus: 1, vramMiB: 22_528 } });
    expect(told(decided([task], [aWorkerView(1, { vramMiB: 22_527 })]))).toEqual(['1:no_fitting_worker']);
    expect(told(decided([task], [aWorkerView(1, { vramMiB: 22_528 })]))).toEqual(['1@worker-00001']);
  });

  it.each([
    ['there is no worker', [], 'no_fitting_worker'],
    ['no worker serves the type', [aWorkerView(1, { taskTypes: ['noop'] })], 'no_fitting_worker'],
    ['the worker has too few GPUs', [aWorkerView(1, { gpus: 0 })], 'no_fitting_worker'],
    ['the worker is silent', [aWorkerView(1, { alive: false })], 'no_fitting_worker'],
    ['the worker is about to stop', [aWorkerView(1, { draining: true })], 'pool_draining'],
    ['the worker is full', [aWorkerView(1, { usedSlots: 1 })], 'pool_busy'],
    [
      'one is full, one about to stop',
      [aWorkerView(1, { usedSlots: 1 }), aWorkerView(2, { draining: true })],
      'pool_busy',
    ],
  ] as const)('a task waits, and says why, when %s', (_, workers, reason) => {
    expect(told(decided([aPendingTask(1)], workers))).toEqual([`1:${reason}`]);
  });

  it('a task that fits nowhere keeps nobody behind it waiting', () => {
    const tasks = [aPendingTask(1, { needs: { gpus: 1, vramMiB: 999_999 } }), aPendingTask(2)];
    expect(told(decided(tasks, [aWorkerView(1)]))).toEqual(['1:no_fitting_worker', '2@worker-00001']);
  });

  it('stops at the limit of a cycle, and says so', () => {
    const tasks = [1, 2, 3].map((number) => aPendingTask(number));
    const decisions = decided(tasks, [aWorkerView(1, { slots: 9 })], { maxPlacements: 2 });
    expect(told(decisions)).toEqual(['1@worker-00001', '2@worker-00001', '3:cycle_limit']);
  });

  it('says why it chose', () => {
    expect(decided([aPendingTask(1)], [aWorkerView(1)])[0]).toMatchObject({
      kind: 'place',
      task: { id: taskIdOf(1) },
      reason: 'first_fitting_worker',
    });
  });

  it('decides for 10,000 tasks on 1,000 workers in linear time', () => {
    const tasks = Array.from({ length: 10_000 }, (_, n) => aPendingTask(n, { priority: (n % 3) - 1 }));
    const workers = Array.from({ length: 1_000 }, (_, n) => aWorkerView(n, { slots: 4 }));
    const policy = { maxPlacements: 10_000 };
    decided(tasks, workers, policy);
    const before = process.threadCpuUsage();
    const decisions = decided(tasks, workers, policy);
    const { user, system } = process.threadCpuUsage(before);
    expect(decisions.filter(({ kind }) => kind === 'place')).toHaveLength(4_000);
    // A scan per task would look at 10 million pairs; measured 22 ms of CPU time on a 2 GHz core.
    expect((user + system) / 1_000).toBeLessThan(250);
  });
});
