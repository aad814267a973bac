import { readYaml, type Field } from './field-reader.js';
import { NO_SETTINGS, readPolicySettings } from './policy-settings.js';
import { readPools } from './read-pools.js';
import { readTaskTypes, readTenants } from './read-workload.js';
import type { Expectation, FaultSpec, PoolSpec, Scenario, TaskTypeSpec } from './scenario.js';

const SEED_MAX = 2 ** 32 - 1;
const DAY_MS = 86_400_000;
const DURATION_MAX_MS = 400 * DAY_MS;
const CYCLE_DEFAULT_MS = 1_000;
/** As the scheduler's own settings: MILLRACE_WORKER_SUSPECT_MS, MILLRACE_LEASE_MS. */
const SILENT_DEFAULT_MS = 15_000;
const LEASE_DEFAULT_MS = 30_000;

const SCENARIO_FIELDS = [
  ...['name', 'description', 'seed', 'duration', 'drain', 'cycle', 'silent', 'lease'],
  ...['pools', 'taskTypes', 'tenants', 'faults', 'policy', 'expect'],
] as const;

/**
 * Reads a scenario. Throws a UsageError with a line for each fault: `file:line:column: field: what is expected`.
 * docs/simulator.md lists the fields.
 */
export function readScenario(file: string, text: string): Scenario {
  const { root, faults } = readYaml(file, text);
  const fields = root.fields(SCENARIO_FIELDS);
  const durationMs = fields.get('duration').durationMs(1);
  if (durationMs > DURATION_MAX_MS) fields.get('duration').fault('expected at most 400d');
  const scenario: Scenario = {
    name: fields.get('name').name(),
    description: fields.optional('description', '', (one) => one.text()),
    seed: fields.optional('seed', 1, (one) => one.number({ min: 0, max: SEED_MAX, whole: true })),
    durationMs,
    drain: fields.optional('drain', false, (one) => one.flag()),
    cycleMs: fields.optional('cycle', CYCLE_DEFAULT_MS, (one) => one.durationMs(1)),
    silentMs: fields.optional('silent', SILENT_DEFAULT_MS, (one) => one.durationMs()),
    leaseMs: fields.optional('lease', LEASE_DEFAULT_MS, (one) => one.durationMs()),
    pools: readPools(fields.get('pools')),
    taskTypes: readTaskTypes(fields.get('taskTypes')),
    tenants: readTenants(fields.get('tenants'), durationMs),
    faults: fields.optional('faults', [], (one) => one.items('a list of faults').map(readFault)),
    policy: fields.optional('policy', NO_SETTINGS, readPolicySettings),
    expectations: fields.optional('expect', [], (one) =>
      one.entries().map(([metric, range]) => readRange(metric, range)),
    ),
  };
  checkNames(scenario, { pools: fields.get('pools'), tenants: fields.get('tenants'), root });
  if (fields.has('faults')) checkFaults(scenario, fields.get('faults'));
  faults.throwIfAny();
  return scenario;
}

function readFault(field: Field): FaultSpec {
  const fields = field.fields(['at', 'workersDie', 'poolDrains', 'count', 'until']);
  const atMs = fields.get('at').durationMs();
  if (fields.has('workersDie') === fields.has('poolDrains')) field.fault('expected one of workersDie and poolDrains');
  if (fields.has('poolDrains')) {
    const pool = fields.get('poolDrains').name();
    const untilMs = fields.optional('until', Infinity, (one) => one.durationMs());
    if (untilMs <= atMs) fields.get('until').fault('the end comes after the begin');
    return { kind: 'pool_drains', atMs, pool, untilMs };
  }
  const count = fields.optional('count', 1, (one) => one.number({ min: 1, max: 10_000, whole: true }));
  return { kind: 'workers_die', atMs, pool: fields.get('workersDie').name(), count };
}

function readRange(metric: string, field: Field): Expectation {
  const fields = field.fields(['min', 'max']);
  const bound = (name: 'min' | 'max', none: number): number =>
    fields.optional(name, none, (one) => one.number({ min: -Number.MAX_VALUE, max: Number.MAX_VALUE }));
  if (!fields.has('min') && !fields.has('max')) field.fault('expected {min}, {max} or both');
  const [min, max] = [bound('min', -Infinity), bound('max', Infinity)];
  if (max < min) field.fault('the maximum is not below the minimum');
  return { metric, min, max, place: field.place };
}

/** Every name that is used must be told. */
function checkNames(
  { pools, taskTypes, tenants }: Scenario,
  at: { readonly pools: Field; readonly tenants: Field; readonly root: Field },
): void {
  const types = new Set(taskTypes.map(({ name }) => name));
  const known = `one of taskTypes: ${[...types].join(', ')}`;
  for (const [index, [, pool]] of (at.pools.isMap ? at.pools.entries() : []).entries())
    for (const [number, name] of (pools[index]?.taskTypes ?? []).entries())
      if (!types.has(name)) pool.at('taskTypes', number).fault(`expected ${known}, not ${JSON.stringify(name)}`);
  for (const [index, [, tenant]] of (at.tenants.isMap ? at.tenants.entries() : []).entries())
    for (const [number, { taskType }] of (tenants[index]?.arrivals ?? []).entries())
      if (taskType !== '' && !types.has(taskType))
        tenant.at('arrivals', number, 'task').fault(`expected ${known}, not ${JSON.stringify(taskType)}`);
  for (const type of taskTypes)
    if (!pools.some((pool) => fitsAlone(type, pool)))
      at.root.at('taskTypes', type.name).fault(`no pool has ${type.gpus} GPUs of ${type.vramMiB} MiB for this type`);
}

function checkFaults(scenario: Scenario, field: Field): void {
  const names = scenario.pools.map(({ name }) => name);
  for (const [index, { kind, pool }] of scenario.faults.entries())
    if (!names.includes(pool))
      field
        .at(index, kind === 'pool_drains' ? 'poolDrains' : 'workersDie')
        .fault(`expected one of pools: ${names.join(', ')}, not ${JSON.stringify(pool)}`);
}

/** Whether one member could run on an empty worker of the pool. */
function fitsAlone(type: TaskTypeSpec, pool: PoolSpec): boolean {
  const vramMiB = pool.sharing.kind === 'mig' ? Math.max(...pool.sharing.sliceVramMiB) : pool.vramMiB;
  return (
    (pool.taskTypes.length === 0 || pool.taskTypes.includes(type.name)) &&
    type.gpus <= pool.gpus &&
    type.vramMiB <= vramMiB &&
    (type.cpuMilli ?? 0) <= (pool.cpuMilli ?? Infinity) &&
    (type.ramMiB ?? 0) <= (pool.ramMiB ?? Infinity)
  );
}
