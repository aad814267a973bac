import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_ORDERING, decideCycle, type PolicyConfig, type SchedulingSnapshot } from '@millrace/scheduling/policy';
import { buildReport } from '../report/build-report.js';
import { checkExpectations, tellVerdict } from '../report/check-expectations.js';
import { readScenario } from './read-scenario.js';
import type { Scenario } from './scenario.js';
import { Simulation, type SimulationOptions } from './simulation.js';

const FOLDER = path.resolve(import.meta.dirname, '../../scenarios');
const FILES = readdirSync(FOLDER);
/** Each takes a third of a second at most; a busy machine makes that many. */
const TIMEOUT_MS = 30_000;

function scenarioOf(file: string): Scenario {
  return readScenario(file, readFileSync(path.join(FOLDER, file), 'utf8'));
}

/** What is not as the scenario expects, in words; a policy that places where there is no room fails at once. */
function faultsOf(scenario: Scenario, options: SimulationOptions = {}): readonly string[] {
  const steps = new Simulation(scenario, options).run();
  for (;;) {
    const step = steps.next();
    if (step.done !== true) continue;
    return checkExpectations(buildReport(step.value), scenario.expectations)
      .filter(({ met }) => !met)
      .map(tellVerdict);
  }
}

describe('the scenarios of the repository', () => {
  it.each(FILES)(
    '%s is as it expects',
    (file) => {
      const scenario = scenarioOf(file);
      expect(scenario.expectations.length).toBeGreaterThan(1);
      expect(faultsOf(scenario)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

type Change = (snapshot: SchedulingSnapshot, config: PolicyConfig) => readonly [SchedulingSnapshot, PolicyConfig];

/** The production policy, with its eyes shut to something. */
const blind = (change: Change): SimulationOptions => ({
  policy: (snapshot, config, now) => decideCycle(...change(snapshot, config), now),
});

const orderingOf = (config: PolicyConfig) => config.ordering ?? DEFAULT_ORDERING;

const withoutTenants: Change = ({ shares: _, ...snapshot }, config) => [
  { ...snapshot, pending: snapshot.pending.map(({ tenantId: _own, ...task }) => task) },
  config,
];

const oneClass: Change = (snapshot, config) => [
  {
    ...snapshot,
    pending: snapshot.pending.map((task) => ({ ...task, priority: 0 })),
    workers: snapshot.workers.map(({ running = [], ...worker }) => ({
      ...worker,
      running: running.map((task) => ({ ...task, priority: 0 })),
    })),
  },
  config,
];

const NO_SWITCH_COST = {
  coldModelMs: 0,
  typeSwitchMs: 0,
  strandedGpuMs: 20_000,
  preferencePointMs: 100,
  wholeForSliceMs: 5_000,
};

const MUTATIONS: readonly (readonly [file: string, what: string, change: Change])[] = [
  [
    'interactive-vs-batch.yaml',
    'QUE-11: nothing is preempted',
    (snapshot, { preemption: _, ...config }) => [snapshot, config],
  ],
  ['interactive-vs-batch.yaml', 'QUE-02: all classes are one', oneClass],
  ['strict-classes.yaml', 'QUE-02: all classes are one', oneClass],
  ['greedy-tenant.yaml', 'tenants are not told apart', withoutTenants],
  [
    'weighted-tenants.yaml',
    'all weigh the same',
    (snapshot, config) => [snapshot, { ...config, ordering: { ...orderingOf(config), weights: new Map() } }],
  ],
  ['quota.yaml', 'SCH-39: no quota holds', ({ quotas: _, ...snapshot }, config) => [snapshot, config]],
  [
    'gang-backfill.yaml',
    'SCH-40: members are placed one by one',
    (snapshot, config) => [{ ...snapshot, pending: snapshot.pending.map(({ gang: _, ...task }) => task) }, config],
  ],
  [
    'gang-backfill.yaml',
    'nothing is held for who waits too long',
    (snapshot, config) => [snapshot, { ...config, maxHolds: 0 }],
  ],
  [
    'model-affinity.yaml',
    'SCH-45: a model switch costs nothing',
    (snapshot, config) => [snapshot, { ...config, weights: NO_SWITCH_COST }],
  ],
  ['burst.yaml', 'tenants are not told apart', withoutTenants],
  [
    'starvation.yaml',
    'QUE-13: age counts for nothing',
    (snapshot, config) => [
      snapshot,
      { ...config, ordering: { ...orderingOf(config), classes: new Map(), otherwise: { maxWaitMs: 1e12 } } },
    ],
  ],
  [
    'pool-drain.yaml',
    'workers that drain are taken for ready ones',
    (snapshot, config) => [
      { ...snapshot, workers: snapshot.workers.map((worker) => ({ ...worker, draining: false })) },
      config,
    ],
  ],
  [
    'gpu-sharing.yaml',
    'SCH-42, 43: every task wants a whole card',
    (snapshot, config) => [{ ...snapshot, pending: snapshot.pending.map(({ demands: _, ...task }) => task) }, config],
  ],
];

describe('the expectations notice a policy in which', () => {
  it.each(MUTATIONS)(
    '%s: %s',
    (file, _, change) => {
      const scenario = scenarioOf(file);
      const run = (): readonly string[] => {
        try {
          return faultsOf(scenario, blind(change));
        } catch (error) {
          return [String(error)];
        }
      };
      expect(run()).not.toEqual([]);
    },
    TIMEOUT_MS,
  );

  it.each(['worker-loss.yaml', 'spot-interruptions.yaml'])(
    '%s: a lost worker takes all progress',
    (file) => {
      const scenario = scenarioOf(file);
      const taskTypes = scenario.taskTypes.map((type) => ({ ...type, checkpointMs: 0 }));
      expect(faultsOf({ ...scenario, taskTypes })).not.toEqual([]);
    },
    TIMEOUT_MS,
  );
});
