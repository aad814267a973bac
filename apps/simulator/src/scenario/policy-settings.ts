import type { Field, FieldSet, NumberRange } from './field-reader.js';
import { CLASS_NAMES, type ClassName } from './priority-classes.js';

interface ClassSettings {
  /** Past it a task goes before the shorter ones of its class. */
  readonly maxWaitMs?: number;
  /** Past it a task is served with the next class up. */
  readonly liftAfterMs?: number;
}

interface PreemptionSettings {
  /** Classes whose running tasks may be stopped. */
  readonly classes?: readonly ClassName[];
  readonly maxVictimsPerCycle?: number;
  readonly maxPreemptionsPerTask?: number;
  readonly minRunMs?: number;
  readonly minWaitMs?: number;
}

/**
 * Settings of the production policy that a scenario or a replay may change, by the names of the scheduler's policy file
 * (MILLRACE_SCHEDULING_POLICY). What is left out is as in production, or as it was recorded.
 */
export interface PolicySettings {
  /** Placements of one cycle at most. */
  readonly maxPlacements?: number;
  /** GPU-seconds per unit of weight that a tenant may be ahead and still compete by length. */
  readonly slackGpuSeconds?: number;
  /** Tasks past their maximum wait that capacity is held for. */
  readonly maxHolds?: number;
  readonly classes: Readonly<Partial<Record<ClassName, ClassSettings>>>;
  /** False: nothing is stopped for a higher class. */
  readonly preemption?: false | PreemptionSettings;
  /** Weights by tenant; only a replay takes them from here. */
  readonly weights?: ReadonlyMap<string, number>;
}

export const NO_SETTINGS: PolicySettings = { classes: {} };

const MAX_PLACEMENTS_LIMIT = 100_000;
const SLACK_LIMIT = 1e9;
const COUNT_LIMIT = 1_000_000;
const WEIGHT_LIMIT = 1_000_000;
const DAYS_30_S = 30 * 24 * 3_600;
const COUNT: NumberRange = { min: 0, max: COUNT_LIMIT, whole: true };
const SECONDS: NumberRange = { min: 0, max: DAYS_30_S };
const MS_PER_S = 1_000;

const SETTINGS = ['maxPlacements', 'slackGpuSeconds', 'maxHolds', 'classes', 'preemption'] as const;
/** Parts of the scheduler's policy file that stand in a recorded snapshot already. */
const OF_SNAPSHOT = ['namespaces', 'taskTypes', 'pools'] as const;

/** The `policy` section of a scenario. */
export function readPolicySettings(field: Field): PolicySettings {
  return settingsOf(field.fields(SETTINGS));
}

/** The scheduler's policy file, or a part of it: quotas, needs and pools are in what was recorded, so they change nothing. */
export function readPolicyFile(field: Field): PolicySettings {
  const fields = field.fields([...SETTINGS, 'tenants', ...OF_SNAPSHOT]);
  const tenants = fields.optional('tenants', [], (one) => one.entries());
  const weights = tenants.flatMap(([name, tenant]) => {
    const known = tenant.fields(['weight', 'quota']);
    return known.has('weight') ? [[name, known.get('weight').number({ min: 0.001, max: WEIGHT_LIMIT })] as const] : [];
  });
  return { ...settingsOf(fields), ...(fields.has('tenants') && { weights: new Map(weights) }) };
}

function settingsOf(fields: FieldSet<(typeof SETTINGS)[number]>): PolicySettings {
  const byClass = fields.optional('classes', undefined, (one) => one.fields(CLASS_NAMES));
  const told = CLASS_NAMES.filter((name) => byClass?.has(name) === true);
  return {
    ...numbersOf(fields, {
      maxPlacements: { min: 1, max: MAX_PLACEMENTS_LIMIT, whole: true },
      slackGpuSeconds: { min: 0, max: SLACK_LIMIT },
      maxHolds: COUNT,
    }),
    classes: Object.fromEntries(byClass === undefined ? [] : told.map((name) => [name, readClass(byClass.get(name))])),
    ...(fields.has('preemption') && { preemption: readPreemption(fields.get('preemption')) }),
  };
}

function readClass(field: Field): ClassSettings {
  return inMs(numbersOf(field.fields(['maxWaitS', 'liftAfterS']), { maxWaitS: SECONDS, liftAfterS: SECONDS }));
}

/** `false`, or bounds. */
function readPreemption(field: Field): false | PreemptionSettings {
  if (!field.isMap) {
    if (field.flag()) field.fault('expected false, or a mapping of bounds');
    return false;
  }
  const fields = field.fields(['classes', 'maxVictimsPerCycle', 'maxPreemptionsPerTask', 'minRunS', 'minWaitS']);
  const numbers = numbersOf(fields, {
    ...{ maxVictimsPerCycle: COUNT, maxPreemptionsPerTask: COUNT },
    ...{ minRunS: SECONDS, minWaitS: SECONDS },
  });
  const classes = fields.optional('classes', undefined, (one) => one.items().map((item) => item.oneOf(CLASS_NAMES)));
  return { ...inMs(numbers), ...(classes !== undefined && { classes }) };
}

function numbersOf<Name extends string, Picked extends Name>(
  fields: FieldSet<Name>,
  ranges: Readonly<Record<Picked, NumberRange>>,
): { readonly [One in Picked]?: number } {
  const told = (Object.entries(ranges) as [Picked, NumberRange][]).filter(([name]) => fields.has(name));
  return Object.fromEntries(told.map(([name, range]) => [name, fields.get(name).number(range)])) as {
    readonly [One in Picked]?: number;
  };
}

/** `{minRunS: 5}` as `{minRunMs: 5000}`; what is no time stays. */
function inMs(numbers: Readonly<Record<string, number | undefined>>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(numbers).flatMap(([name, value]) => {
      if (value === undefined) return [];
      return name.endsWith('S') ? [[`${name.slice(0, -1)}Ms`, value * MS_PER_S]] : [[name, value]];
    }),
  );
}
