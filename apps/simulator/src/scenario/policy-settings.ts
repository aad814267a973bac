import type { Field, NumberRange } from './field-reader.js';
import { CLASS_NAMES, type ClassName } from './priority-classes.js';

/** Settings of the production policy that a scenario may change; what it leaves out is the policy's own default. */
export interface PolicySettings {
  /** Placements of one cycle at most. */
  readonly maxPlacements?: number;
  /** GPU-seconds per unit of weight that a tenant may be ahead and still compete by length. */
  readonly slackGpuSeconds?: number;
  /** Past it a task goes before the shorter ones of its class. */
  readonly maxWaitMs: Readonly<Partial<Record<ClassName, number>>>;
  /** Past it a task is served with the next class up. */
  readonly liftAfterMs: Readonly<Partial<Record<ClassName, number>>>;
  /** Whether running tasks of a lower class are stopped for a higher one, and within which bounds. */
  readonly preemption?: false | Readonly<Partial<PreemptionSettings>>;
  /** Tasks past their maximum wait that capacity is held for. */
  readonly maxHolds?: number;
}

interface PreemptionSettings {
  readonly maxVictimsPerCycle: number;
  readonly minRunMs: number;
  readonly maxPreemptionsPerTask: number;
  readonly minWaitMs: number;
}

const MAX_PLACEMENTS_LIMIT = 100_000;
const SLACK_LIMIT = 1e9;
const COUNT_LIMIT = 1_000_000;

export const NO_SETTINGS: PolicySettings = { maxWaitMs: {}, liftAfterMs: {} };

export function readPolicySettings(field: Field): PolicySettings {
  const fields = field.fields(['maxPlacements', 'slackGpuSeconds', 'maxWait', 'liftAfter', 'preemption', 'maxHolds']);
  const number = (name: 'maxPlacements' | 'slackGpuSeconds' | 'maxHolds', range: NumberRange): object =>
    fields.has(name) ? { [name]: fields.get(name).number(range) } : {};
  return {
    ...number('maxPlacements', { min: 1, max: MAX_PLACEMENTS_LIMIT, whole: true }),
    ...number('slackGpuSeconds', { min: 0, max: SLACK_LIMIT }),
    ...number('maxHolds', { min: 0, max: COUNT_LIMIT, whole: true }),
    maxWaitMs: fields.optional('maxWait', {}, byClass),
    liftAfterMs: fields.optional('liftAfter', {}, byClass),
    ...(fields.has('preemption') && { preemption: readPreemption(fields.get('preemption')) }),
  };
}

/** `false`, or bounds; those that are left out are the policy's own. */
function readPreemption(field: Field): NonNullable<PolicySettings['preemption']> {
  if (!field.isMap) {
    if (field.flag()) field.fault('expected false, or a mapping of bounds');
    return false;
  }
  const fields = field.fields(['maxVictimsPerCycle', 'minRun', 'maxPreemptionsPerTask', 'minWait']);
  const whole = { min: 0, max: COUNT_LIMIT, whole: true };
  return {
    ...(fields.has('maxVictimsPerCycle') && { maxVictimsPerCycle: fields.get('maxVictimsPerCycle').number(whole) }),
    ...(fields.has('maxPreemptionsPerTask') && {
      maxPreemptionsPerTask: fields.get('maxPreemptionsPerTask').number(whole),
    }),
    ...(fields.has('minRun') && { minRunMs: fields.get('minRun').durationMs() }),
    ...(fields.has('minWait') && { minWaitMs: fields.get('minWait').durationMs() }),
  };
}

function byClass(field: Field): Readonly<Partial<Record<ClassName, number>>> {
  const fields = field.fields(CLASS_NAMES);
  return Object.fromEntries(
    CLASS_NAMES.filter((name) => fields.has(name)).map((name) => [name, fields.get(name).durationMs()]),
  );
}
