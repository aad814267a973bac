import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { messageOf } from '@millrace/kernel';
import {
  DEFAULT_SCHEDULING_POLICY,
  type PoolShape,
  type QuotaLimit,
  type SchedulingPolicy,
} from '@millrace/scheduling';

const MS = 1000;
const MILLI = 1000;
const MIB_PER_GIB = 1024;
const DAYS_30_S = 30 * 24 * 3600;
const VERSION_DIGITS = 12;
const NAMES_MAX = 10_000;
const POOLS_MAX = 100;
const CLASSES = { interactive: 1, normal: 0, low: -1 } as const;
const CLASS_NAMES = Object.keys(CLASSES) as readonly (keyof typeof CLASSES)[];

const whole = (min: number, max: number) =>
  z
    .int({ error: `expected a whole number from ${min} to ${max}` })
    .min(min, { error: `expected a whole number from ${min} to ${max}` })
    .max(max, { error: `expected a whole number from ${min} to ${max}` });
const number = (min: number, max: number) => {
  const error = `expected a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
};
const seconds = number(0, DAYS_30_S);
const name = z.string({ error: 'expected a text' }).min(1, { error: 'expected a name' });
/** An object with these fields and no other. */
function fields<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `unknown field ${issue.keys.map((key: string) => `"${key}"`).join(', ')}: expected ${known}`
        : `expected an object with ${known}`,
  });
}

function named<Value extends z.ZodType>(value: Value, most: number, what: string) {
  return z
    .record(name, value, { error: `expected an object with a field for each ${what}` })
    .refine((all) => Object.keys(all).length <= most, { error: `expected at most ${most}` });
}

const quota = fields({
  gpus: number(0, 1_000_000).optional(),
  cpu: number(0, 10_000_000).optional(),
  ramGiB: number(0, 100_000_000).optional(),
  tasks: whole(0, 1_000_000).optional(),
});

const classLimits = fields({ maxWaitS: seconds.optional(), liftAfterS: seconds.optional() });

const preemption = fields({
  classes: z
    .array(z.enum(['normal', 'low'], { error: 'expected "normal" or "low"' }), { error: 'expected a list' })
    .optional(),
  maxVictimsPerCycle: whole(1, 1_000).optional(),
  maxPreemptionsPerTask: whole(0, 1_000).optional(),
  minRunS: seconds.optional(),
  minWaitS: seconds.optional(),
});

const version = z
  .string({ error: 'expected a version as "535.104"' })
  .regex(/^\d+(\.\d+)*$/, { error: 'expected a version as "535.104"' });

const demands = fields({
  cpu: number(0, 10_000).optional(),
  ramGiB: number(0, 100_000).optional(),
  gpuTypes: z
    .array(name, { error: 'expected a list of GPU types' })
    .min(1, { error: 'expected a GPU type' })
    .optional(),
  minDriver: version.optional(),
  minCuda: version.optional(),
  tolerations: z.array(name, { error: 'expected a list of taints' }).optional(),
  labels: z.record(name, z.string({ error: 'expected a text' }), { error: 'expected an object of labels' }).optional(),
  purpose: z.enum(['training', 'inference'], { error: 'expected "training" or "inference"' }).optional(),
  gpuUse: z.enum(['whole', 'slice', 'shared'], { error: 'expected "whole", "slice" or "shared"' }).optional(),
});

const pool = fields({
  taskTypes: z.array(name, { error: 'expected a list of task types' }).min(1, { error: 'expected a task type' }),
  gpus: whole(1, 1_024),
  vramMiB: whole(0, 10_000_000),
  cpu: number(0, 100_000).optional(),
  ramGiB: number(0, 1_000_000).optional(),
  gpuType: name.optional(),
  driver: version.optional(),
  cuda: version.optional(),
  labels: z.record(name, z.string({ error: 'expected a text' }), { error: 'expected an object of labels' }).optional(),
  taints: z.array(name, { error: 'expected a list of taints' }).optional(),
});

const policyFile = fields({
  tenants: named(
    fields({ weight: number(0.001, 1_000_000).optional(), quota: quota.optional() }),
    NAMES_MAX,
    'tenant',
  ).optional(),
  namespaces: named(fields({ quota }), NAMES_MAX, 'namespace').optional(),
  classes: fields({
    interactive: classLimits.optional(),
    normal: classLimits.optional(),
    low: classLimits.optional(),
  }).optional(),
  slackGpuSeconds: number(0, 1_000_000_000).optional(),
  preemption: z.union([z.literal(false), preemption], { error: 'expected false, or an object of bounds' }).optional(),
  taskTypes: named(demands, NAMES_MAX, 'task type').optional(),
  pools: named(pool, POOLS_MAX, 'pool').optional(),
});
type PolicyFile = z.output<typeof policyFile>;

/** The path of a policy file, read and checked: a bad one ends the start and says which field wants what. */
export const schedulingPolicyFile = z.string().transform((path, context): SchedulingPolicy => {
  try {
    return parsePolicy(readFileSync(path, 'utf8'));
  } catch (error) {
    context.addIssue(`${path}: ${messageOf(error)}`);
    return z.NEVER;
  }
});

/** Throws a RangeError that names each wrong field and what is expected there. */
export function parsePolicy(text: string): SchedulingPolicy {
  const result = policyFile.safeParse(parseJson(text));
  if (!result.success) {
    throw new RangeError(result.error.issues.map(describeIssue).join('; '));
  }
  const digest = createHash('sha256').update(JSON.stringify(result.data)).digest('hex');
  return toPolicy(result.data, digest.slice(0, VERSION_DIGITS));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RangeError(`expected JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** Of a choice, the fault inside the object says more than that it was neither. */
function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.flat().find(({ path, code }) => path.length > 0 || code === 'unrecognized_keys');
    if (inner !== undefined) return describeIssue({ ...inner, path: [...issue.path, ...inner.path] });
  }
  const field = issue.path.join('.');
  return `${field === '' ? 'the file' : field}: ${issue.message}`;
}

function toPolicy(file: PolicyFile, revision: string): SchedulingPolicy {
  const defaults = DEFAULT_SCHEDULING_POLICY;
  return {
    version: revision,
    ordering: {
      ...defaults.ordering,
      classes: classesOf(file),
      weights: new Map(
        Object.entries(file.tenants ?? {}).flatMap(([tenant, { weight }]) =>
          weight === undefined ? [] : [[tenant, weight]],
        ),
      ),
      slackGpuSeconds: file.slackGpuSeconds ?? defaults.ordering.slackGpuSeconds,
    },
    preemption: preemptionOf(file.preemption),
    quotas: [
      ...Object.entries(file.tenants ?? {}).flatMap(([tenant, { quota: limits }]) =>
        limits === undefined ? [] : [toLimit('tenant', tenant, limits)],
      ),
      ...Object.entries(file.namespaces ?? {}).map(([namespace, { quota: limits }]) =>
        toLimit('namespace', namespace, limits),
      ),
    ],
    demands: new Map(Object.entries(file.taskTypes ?? {}).map(([taskType, wants]) => [taskType, toDemands(wants)])),
    pools: Object.entries(file.pools ?? {}).map(
      ([poolName, shape]) => ({ ...toDemands(shape), pool: poolName }) as PoolShape,
    ),
  };
}

function classesOf(file: PolicyFile): SchedulingPolicy['ordering']['classes'] {
  const { ordering } = DEFAULT_SCHEDULING_POLICY;
  return new Map(
    CLASS_NAMES.map((className) => {
      const priority = CLASSES[className];
      const limits = ordering.classes.get(priority) ?? ordering.otherwise;
      const wanted = file.classes?.[className];
      const maxWaitMs = wanted?.maxWaitS === undefined ? limits.maxWaitMs : wanted.maxWaitS * MS;
      const liftAfterMs = wanted?.liftAfterS === undefined ? limits.liftAfterMs : wanted.liftAfterS * MS;
      if (liftAfterMs !== undefined && liftAfterMs < maxWaitMs) {
        const seconds = maxWaitMs / MS;
        throw new RangeError(`classes.${className}.liftAfterS: expected at least its maxWaitS, ${seconds}`);
      }
      return [priority, { maxWaitMs, ...(liftAfterMs === undefined ? {} : { liftAfterMs }) }];
    }),
  );
}

function preemptionOf(wanted: PolicyFile['preemption']): SchedulingPolicy['preemption'] {
  const defaults = DEFAULT_SCHEDULING_POLICY.preemption;
  if (wanted === false || defaults === null) return null;
  if (wanted === undefined) return defaults;
  return {
    ...defaults,
    priorities: wanted.classes?.map((className) => CLASSES[className]) ?? defaults.priorities,
    maxVictimsPerCycle: wanted.maxVictimsPerCycle ?? defaults.maxVictimsPerCycle,
    maxPreemptionsPerTask: wanted.maxPreemptionsPerTask ?? defaults.maxPreemptionsPerTask,
    minRunMs: wanted.minRunS === undefined ? defaults.minRunMs : wanted.minRunS * MS,
    minWaitMs: wanted.minWaitS === undefined ? defaults.minWaitMs : wanted.minWaitS * MS,
  };
}

function toLimit(
  scope: QuotaLimit['scope'],
  owner: string,
  { gpus, cpu, ramGiB, tasks }: z.output<typeof quota>,
): QuotaLimit {
  return {
    scope,
    name: owner,
    ...(gpus === undefined ? {} : { gpus }),
    ...(cpu === undefined ? {} : { cpuMilli: Math.round(cpu * MILLI) }),
    ...(ramGiB === undefined ? {} : { ramMiB: Math.round(ramGiB * MIB_PER_GIB) }),
    ...(tasks === undefined ? {} : { tasks }),
  };
}

/** CPU and memory in the units of the policy, and the rest as it is; what is left out stays absent. */
function toDemands<Fields extends { cpu?: number | undefined; ramGiB?: number | undefined }>({
  cpu,
  ramGiB,
  ...others
}: Fields) {
  const told = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  return {
    ...told,
    ...(cpu === undefined ? {} : { cpuMilli: Math.round(cpu * MILLI) }),
    ...(ramGiB === undefined ? {} : { ramMiB: Math.round(ramGiB * MIB_PER_GIB) }),
  };
}
