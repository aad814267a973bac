import type { Field, FieldSet } from './field-reader.js';
import { GPUS_PER_WORKER_MAX, machineOf, mib, purposeOf, readDistribution, texts } from './read-pools.js';
import { CLASS_NAMES } from './priority-classes.js';
import type { ArrivalProcess, ArrivalSpec, TaskTypeSpec, TenantSpec } from './scenario.js';

const GANG_MAX = 1_024;
const STEP_DEFAULT_MS = 1_000;
const WEIGHT_MAX = 1_000_000;
const RATE_MAX = 10_000_000;
const BURST_MAX = 100_000;
const TASKS_LIMIT_MAX = 1_000_000;
const GPUS_MAX = 1_000_000;

const TASK_FIELDS = [
  ...['service', 'gpus', 'vramGiB', 'cpus', 'ramGiB', 'use', 'gpuMilli', 'gpuTypes', 'tolerations', 'purpose'],
  ...['gang', 'model', 'load', 'step', 'preemptible', 'checkpoint'],
] as const;
const ARRIVAL_FIELDS = ['task', 'class', 'poisson', 'bursts', 'trace', 'from', 'until'] as const;

export function readTaskTypes(field: Field): readonly TaskTypeSpec[] {
  return field.entries().map(([name, one]) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) one.fault('a task type has a name of letters, digits, - and _');
    const fields = one.fields(TASK_FIELDS);
    const model = fields.optional('model', undefined, (value) => value.name());
    return {
      name,
      service: readDistribution(fields.get('service')),
      gpus: fields.optional('gpus', 1, (value) => value.number({ min: 1, max: GPUS_PER_WORKER_MAX, whole: true })),
      vramMiB: mib(fields.get('vramGiB')),
      ...machineOf(fields),
      ...sharingOf(fields),
      gpuTypes: texts(fields, 'gpuTypes'),
      tolerations: texts(fields, 'tolerations'),
      ...purposeOf(fields),
      ...gangOf(fields),
      ...(model !== undefined && { model }),
      loadMs: fields.optional('load', 0, (value) => value.durationMs()),
      stepMs: fields.optional('step', STEP_DEFAULT_MS, (value) => value.durationMs(1)),
      preemptible: fields.optional('preemptible', true, (value) => value.flag()),
      checkpointMs: fields.optional('checkpoint', 0, (value) => value.durationMs()),
    };
  });
}

function sharingOf(fields: FieldSet<'use' | 'gpuMilli'>): Pick<TaskTypeSpec, 'gpuUse' | 'gpuMilli'> {
  const gpuUse = fields.optional('use', 'whole' as const, (one) => one.oneOf(['whole', 'slice', 'shared'] as const));
  if (!fields.has('gpuMilli')) return { gpuUse };
  if (gpuUse !== 'shared') fields.get('gpuMilli').fault('only a task of use: shared takes a part of a GPU');
  return { gpuUse, gpuMilli: fields.get('gpuMilli').number({ min: 1, max: 1_000, whole: true }) };
}

function gangOf(fields: FieldSet<'gang'>): Pick<TaskTypeSpec, 'gangSize' | 'gangWithin'> {
  if (!fields.has('gang')) return { gangSize: 1 };
  const gang = fields.get('gang').fields(['size', 'within']);
  const within = gang.optional('within', undefined, (one) => one.oneOf(['nvlink', 'node', 'rack', 'zone'] as const));
  return {
    gangSize: gang.get('size').number({ min: 2, max: GANG_MAX, whole: true }),
    ...(within !== undefined && { gangWithin: within }),
  };
}

export function readTenants(field: Field, durationMs: number): readonly TenantSpec[] {
  return field.entries().map(([name, one]) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) one.fault('a tenant has a name of letters, digits, - and _');
    const fields = one.fields(['weight', 'quota', 'arrivals']);
    return {
      name,
      weight: fields.optional('weight', 1, (value) => value.number({ min: 0.001, max: WEIGHT_MAX })),
      quota: fields.optional('quota', {}, readQuota),
      arrivals: fields
        .get('arrivals')
        .items('a list of arrivals')
        .map((item) => readArrival(item, durationMs)),
    };
  });
}

function readQuota(field: Field): TenantSpec['quota'] {
  const fields = field.fields(['gpus', 'cpus', 'ramGiB', 'tasks']);
  const gpus = fields.optional('gpus', undefined, (one) => one.number({ min: 0, max: GPUS_MAX }));
  const tasks = fields.optional('tasks', undefined, (one) => one.number({ min: 0, max: TASKS_LIMIT_MAX, whole: true }));
  return { ...(gpus !== undefined && { gpus }), ...machineOf(fields), ...(tasks !== undefined && { tasks }) };
}

function readArrival(field: Field, durationMs: number): ArrivalSpec {
  const fields = field.fields(ARRIVAL_FIELDS);
  const fromMs = fields.optional('from', 0, (one) => one.durationMs());
  const untilMs = fields.optional('until', durationMs, (one) => one.durationMs());
  if (fields.has('until') && untilMs <= fromMs) fields.get('until').fault('the end comes after the begin');
  return {
    taskType: fields.get('task').name(),
    className: fields.optional('class', 'normal' as const, (one) => one.oneOf(CLASS_NAMES)),
    process: readProcess(field, fields),
    fromMs,
    untilMs,
  };
}

function readProcess(field: Field, fields: FieldSet<(typeof ARRIVAL_FIELDS)[number]>): ArrivalProcess {
  const given = (['poisson', 'bursts', 'trace'] as const).filter((name) => fields.has(name));
  if (given.length !== 1) field.fault('expected exactly one of poisson, bursts and trace');
  const [kind] = given;
  if (kind === undefined) return { kind: 'trace', timesMs: [] };
  switch (kind) {
    case 'poisson': {
      const rate = fields.get('poisson').fields(['perHour']).get('perHour');
      return { kind: 'poisson', perHour: rate.number({ min: 0.001, max: RATE_MAX }) };
    }
    case 'bursts': {
      const bursts = fields.get('bursts').fields(['size', 'every']);
      return {
        kind: 'bursts',
        size: bursts.get('size').number({ min: 1, max: BURST_MAX, whole: true }),
        everyMs: bursts.get('every').durationMs(1),
      };
    }
    case 'trace': {
      const timesMs = fields
        .get('trace')
        .items('a list of durations since the start')
        .map((one) => one.durationMs());
      return { kind: 'trace', timesMs: timesMs.toSorted((a, b) => a - b) };
    }
  }
}
