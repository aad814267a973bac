import { DEFAULT_SCHEDULING_POLICY, toPolicyConfig } from '@millrace/scheduling';
import {
  DEFAULT_ORDERING,
  DEFAULT_PREEMPTION,
  type OrderingPolicy,
  type PolicyConfig,
} from '@millrace/scheduling/policy';
import type { PolicySettings } from './policy-settings.js';
import { CLASS_NAMES, PRIORITY_CLASSES, type ClassName } from './priority-classes.js';
import type { Scenario } from './scenario.js';

/** Placements of a cycle, as MILLRACE_CYCLE_PLACEMENTS. */
const MAX_PLACEMENTS = 500;

/** The production settings, with what a scenario says of its tenants and its policy. */
export function policyConfigOf({ policy, tenants }: Scenario): PolicyConfig {
  const weights = new Map(tenants.map(({ name, weight }) => [name, weight]));
  return withSettings(toPolicyConfig(DEFAULT_SCHEDULING_POLICY, MAX_PLACEMENTS), { weights, ...policy });
}

/** These settings in place of those of a config; what they leave out stays. */
export function withSettings(config: PolicyConfig, settings: PolicySettings): PolicyConfig {
  const { maxPlacements, maxHolds, slackGpuSeconds, weights } = settings;
  const { preemption, ...rest } = config;
  const ordering = config.ordering ?? DEFAULT_ORDERING;
  const stops = preemptionOf(preemption, settings.preemption);
  return {
    ...rest,
    ...(maxPlacements !== undefined && { maxPlacements }),
    ...(maxHolds !== undefined && { maxHolds }),
    ordering: {
      ...ordering,
      classes: new Map(CLASS_NAMES.map((name) => [PRIORITY_CLASSES[name], limitsOf(name, ordering, settings)])),
      ...(slackGpuSeconds !== undefined && { slackGpuSeconds }),
      ...(weights !== undefined && { weights }),
    },
    ...(stops !== undefined && { preemption: stops }),
  };
}

function preemptionOf(
  before: PolicyConfig['preemption'],
  settings: PolicySettings['preemption'],
): PolicyConfig['preemption'] {
  if (settings === false) return undefined;
  if (settings === undefined) return before;
  const { classes: _, ...bounds } = settings;
  return { ...(before ?? DEFAULT_PREEMPTION), ...bounds };
}

/** Priorities of the classes whose running tasks may be stopped. */
export function preemptiblePriorities({ policy: { preemption } }: Scenario): ReadonlySet<number> {
  const classes = preemption === undefined || preemption === false ? undefined : preemption.classes;
  return new Set(classes?.map((name) => PRIORITY_CLASSES[name]) ?? DEFAULT_SCHEDULING_POLICY.preemption?.priorities);
}

function limitsOf(name: ClassName, ordering: OrderingPolicy, settings: PolicySettings): OrderingPolicy['otherwise'] {
  const limits = ordering.classes.get(PRIORITY_CLASSES[name]) ?? ordering.otherwise;
  const maxWaitMs = settings.classes[name]?.maxWaitMs ?? limits.maxWaitMs;
  const liftAfterMs = settings.classes[name]?.liftAfterMs ?? limits.liftAfterMs;
  return { maxWaitMs, ...(liftAfterMs !== undefined && { liftAfterMs: Math.max(maxWaitMs, liftAfterMs) }) };
}
