import type { Field } from './field-reader.js';
import { CLASS_NAMES, type ClassName } from './priority-classes.js';

/** Settings of the production policy that a scenario may change; what it leaves out is the policy's own default. */
export interface PolicySettings {
  /** Placements of one cycle at most. */
  readonly maxPlacements: number;
  /** GPU-seconds per unit of weight that a tenant may be ahead and still compete by length. */
  readonly slackGpuSeconds?: number;
  /** Past it a task goes before the shorter ones of its class. */
  readonly maxWaitMs: Readonly<Partial<Record<ClassName, number>>>;
  /** Past it a task is served with the next class up. */
  readonly liftAfterMs: Readonly<Partial<Record<ClassName, number>>>;
}

const MAX_PLACEMENTS_DEFAULT = 500;
const MAX_PLACEMENTS_LIMIT = 100_000;
const SLACK_LIMIT = 1e9;

export const DEFAULT_POLICY_SETTINGS: PolicySettings = {
  maxPlacements: MAX_PLACEMENTS_DEFAULT,
  maxWaitMs: {},
  liftAfterMs: {},
};

export function readPolicySettings(field: Field): PolicySettings {
  const fields = field.fields(['maxPlacements', 'slackGpuSeconds', 'maxWait', 'liftAfter']);
  const slack = fields.optional('slackGpuSeconds', undefined, (one) => one.number({ min: 0, max: SLACK_LIMIT }));
  return {
    maxPlacements: fields.optional('maxPlacements', MAX_PLACEMENTS_DEFAULT, (one) =>
      one.number({ min: 1, max: MAX_PLACEMENTS_LIMIT, whole: true }),
    ),
    ...(slack !== undefined && { slackGpuSeconds: slack }),
    maxWaitMs: fields.optional('maxWait', {}, byClass),
    liftAfterMs: fields.optional('liftAfter', {}, byClass),
  };
}

function byClass(field: Field): Readonly<Partial<Record<ClassName, number>>> {
  const fields = field.fields(CLASS_NAMES);
  return Object.fromEntries(
    CLASS_NAMES.filter((name) => fields.has(name)).map((name) => [name, fields.get(name).durationMs()]),
  );
}
