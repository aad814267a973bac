import { describe, expect, it } from '@jest/globals';
import { aPendingTask, aWorkerView, idOf, taskIdOf } from '../testing/builders.js';
import { decide } from './decide.js';
import { DEFAULT_ORDERING } from './ordering/ordering-policy.js';
import { DEFAULT_PREEMPTION } from './preemption/preemption-policy.js';
import {
  RECORDED_TASKS_MAX,
  RECORDED_WORKERS_MAX,
  decodeCycle,
  encodeCycle,
  recordDecision,
  type RecordedCycle,
} from './recorded-cycle.js';
import type { PolicyConfig, RunningTask, SchedulingSnapshot } from './snapshot.js';

const AT = Date.UTC(2026, 0, 1, 12);

const RUNNING: RunningTask = {
  id: taskIdOf(90),
  taskType: 'ti2v-5B',
  priority: -1,
  preemptible: true,
  startedAt: AT - 600_000,
  unsavedMs: 5,
  preemptions: 0,
  devices: [0],
  needs: { gpus: 1, vramMiB: 10 },
  demands: { cpuMilli: 1 },
};

/** Every field that a snapshot can have, at least once. */
const SNAPSHOT: SchedulingSnapshot = {
  pending: [
    aPendingTask(1, {
      priority: 1,
      notBefore: 5,
      tenantId: 'acme',
      namespace: 'ci',
      model: 'wan',
      predictedGpuMs: 60_000,
      demands: {
        cpuMilli: 100,
        ramMiB: 10,
        gpuMilli: 250,
        gpuUse: 'shared',
        gpuTypes: ['A100'],
        minDriver: '535.1',
        minCuda: '12.2',
        pool: 'local',
        purpose: 'inference',
        tolerations: ['gpu'],
        labels: { zone: 'a' },
        prefers: [{ weight: 100, minGpus: 2, label: ['tier', 'fast'] }],
      },
    }),
    aPendingTask(2, { gang: { id: 'gang-1', size: 2, within: 'rack' } }),
    aPendingTask(3, { gang: { id: 'gang-1', size: 2, within: 'rack' } }),
    aPendingTask(4),
  ],
  workers: [
    aWorkerView(1, {
      slots: 2,
      gpus: 2,
      gpuType: 'A100',
      driver: '535.1',
      cuda: '12.2',
      purpose: 'inference',
      taints: ['gpu'],
      labels: { zone: 'a' },
      zone: 'a',
      rack: 'r1',
      cpuMilli: 8_000,
      freeCpuMilli: 4_000,
      ramMiB: 64,
      freeRamMiB: 32,
      devices: [
        { mode: 'mig', freeMilli: 0, freeVramMiB: 0, slices: [{ vramMiB: 20, busy: false }] },
        { mode: 'shared', freeMilli: 500, freeVramMiB: 10_000, sharers: 2, nvlinkGroup: 1, faulty: false },
      ],
      measuredIdlePercent: 50,
      loadedModels: ['wan'],
      recentTaskTypes: ['ti2v-5B'],
      running: [RUNNING, { ...RUNNING, id: taskIdOf(91), stopping: true }],
    }),
    aWorkerView(2),
  ],
  quotas: [
    {
      ...{ scope: 'tenant', name: 'acme', gpus: 8, cpuMilli: 16_000, ramMiB: 65_536, tasks: 9 },
      ...{ usedGpuMilli: 1_000, usedCpuMilli: 5, usedRamMiB: 6, usedTasks: 1 },
    },
  ],
  pools: [{ pool: 'batch', taskTypes: ['ti2v-5B'], condition: 'scaling_up' }],
  shares: [{ priority: 0, pool: '', virtualGpuSeconds: 12.5, tenants: { acme: 13 } }],
};

const CONFIG: PolicyConfig = {
  maxPlacements: 100,
  ordering: { ...DEFAULT_ORDERING, weights: new Map([['acme', 3]]) },
  preemption: DEFAULT_PREEMPTION,
  weights: { coldModelMs: 1, typeSwitchMs: 2, strandedGpuMs: 3, preferencePointMs: 4, wholeForSliceMs: 5 },
  maxHolds: 2,
};

const CYCLE = { at: AT, configVersion: 'r7', snapshot: SNAPSHOT, config: CONFIG };

function encoded(cycle: Pick<RecordedCycle, 'at' | 'configVersion' | 'snapshot' | 'config'> = CYCLE): string {
  return encodeCycle(cycle, decide(cycle.snapshot, cycle.config, cycle.at)) ?? '';
}

describe('a recorded cycle', () => {
  it('comes back whole, on one line, with every field of snapshot and config', () => {
    const line = encoded();
    expect(line).not.toContain('\n');
    expect(decodeCycle(line)).toEqual({
      ...CYCLE,
      version: 1,
      decisions: decide(SNAPSHOT, CONFIG, AT).map(recordDecision),
    });
  });

  it('decides the same again', () => {
    const { snapshot, config, at, decisions } = decodeCycle(encoded());
    expect(decide(snapshot, config, at).map(recordDecision)).toEqual(decisions);
    expect(decisions).toHaveLength(SNAPSHOT.pending.length);
  });

  it('names tasks and workers by id, and says what was preempted', () => {
    const [task, worker] = [aPendingTask(1), aWorkerView(1, { incarnation: idOf(7) })];
    expect(recordDecision({ kind: 'place', task, worker, reason: 'warm_model', devices: [3] })).toEqual({
      ...{ kind: 'place', task: taskIdOf(1), worker: idOf(7), reason: 'warm_model', devices: [3] },
    });
    const preemption = { worker, victims: [RUNNING], lostMs: 5, reason: 'higher_class' } as const;
    expect(recordDecision({ kind: 'wait', task, reason: 'preempting', preemption })).toEqual({
      ...{ kind: 'wait', task: taskIdOf(1), reason: 'preempting', victims: [taskIdOf(90)] },
    });
  });

  it('holds nothing that the policy does not see', () => {
    const worker = { ...aWorkerView(1), pricePerGpuHour: 5n, secret: 'price' };
    const task = { ...aPendingTask(1), work: { prompt: 'a red ball' } };
    const line = encoded({ ...CYCLE, snapshot: { pending: [task], workers: [worker] } });
    expect(line).not.toMatch(/price|prompt|red ball/);
  });

  it.each([
    ['tasks', { pending: Array.from({ length: RECORDED_TASKS_MAX + 1 }, () => aPendingTask(1)), workers: [] }],
    ['workers', { pending: [], workers: Array.from({ length: RECORDED_WORKERS_MAX + 1 }, () => aWorkerView(1)) }],
  ])('is not made of more %s than are recorded', (_, snapshot) => {
    expect(encodeCycle({ ...CYCLE, snapshot }, [])).toBeUndefined();
  });

  it.each([
    ['no JSON', 'the line is no JSON', () => '{'],
    ['another version', 'the version is 2', (line: string) => line.replace('"version":1', '"version":2')],
    ['no object', 'the version is undefined', () => '7'],
    ['a text for a number', 'cycle.at: expected a number', (line: string) => line.replace(`"at":${AT}`, '"at":"x"')],
    ['a field left out', 'cycle.configVersion: expected a text', (l: string) => l.replace('"configVersion":"r7",', '')],
    [
      'a field that is not known',
      'cycle.snapshot.pending[0].prompt is no field',
      (line: string) => line.replace('"pending":[{', '"pending":[{"prompt":"x",'),
    ],
    [
      'a wrong field deep inside',
      'cycle.snapshot.workers[0].devices[0].slices[0].busy: expected a flag',
      (line: string) => line.replace('"busy":false', '"busy":0'),
    ],
    [
      'a wrong map',
      'cycle.config.ordering.classes[0]: expected a list',
      (line: string) => line.replace('"classes":[[', '"classes":[5,['),
    ],
    [
      'a place without a worker',
      'expected a place with its worker',
      (line: string) => line.replace('"kind":"wait"', '"kind":"place"'),
    ],
    [
      'a list for an object',
      'cycle.snapshot: expected an object',
      (line: string) => line.replace(/"snapshot":.*,"config"/, '"snapshot":[],"config"'),
    ],
  ])('is refused with %s', (_, message, change) => {
    expect(() => decodeCycle(change(encoded()))).toThrow(message);
  });
});
