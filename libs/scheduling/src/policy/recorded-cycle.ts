import type { Instant } from '@millrace/kernel';
import type { Decision } from './decision.js';
import { CONFIG_SHAPE, SNAPSHOT_SHAPE } from './recorded-fields.js';
import { projected, restored, type ShapeOf } from './recorded-shape.js';
import type { PolicyConfig, SchedulingSnapshot } from './snapshot.js';

/** A decision by ids. */
export interface RecordedDecision {
  readonly kind: 'place' | 'wait';
  /** Task id. */
  readonly task: string;
  readonly reason: string;
  /** place: the worker's incarnation, and the positions of the devices taken. */
  readonly worker?: string;
  readonly devices?: readonly number[];
  /** wait: tasks that were told to stop for this one. */
  readonly victims?: readonly string[];
}

/** One scheduling cycle as it was decided: all that `decide` was given, and what it gave. */
export interface RecordedCycle {
  readonly version: 1;
  /** `now` of the decision. */
  readonly at: Instant;
  /** Names the settings in force, for whoever compares cycles: a hash or a revision of them. */
  readonly configVersion: string;
  readonly snapshot: SchedulingSnapshot;
  readonly config: PolicyConfig;
  readonly decisions: readonly RecordedDecision[];
}

/** A cycle with more is not recorded: cut down it would be another decision. */
export const RECORDED_TASKS_MAX = 20_000;
export const RECORDED_WORKERS_MAX = 10_000;
const RECORDED_VERSION = 1;

const DECISION: ShapeOf<RecordedDecision> = {
  object: {
    kind: 'text',
    task: 'text',
    reason: 'text',
    worker: { optional: 'text' },
    devices: { optional: { list: 'number' } },
    victims: { optional: { list: 'text' } },
  },
};

const CYCLE: ShapeOf<RecordedCycle> = {
  object: {
    version: 'number',
    at: 'number',
    configVersion: 'text',
    snapshot: SNAPSHOT_SHAPE,
    config: CONFIG_SHAPE,
    decisions: { list: DECISION },
  },
};

export function recordDecision(decision: Decision): RecordedDecision {
  const { kind, task, reason } = decision;
  if (kind === 'place') {
    const { worker, devices } = decision;
    return { kind, task: task.id, reason, worker: worker.incarnation, ...(devices !== undefined && { devices }) };
  }
  const victims = decision.preemption?.victims.map(({ id }) => id);
  return { kind, task: task.id, reason, ...(victims !== undefined && { victims }) };
}

/**
 * One line of JSON without a line break: what the policy saw and decided, field by field; whatever else the objects
 * carry stays out. There is no prompt, parameter or price in it: ids, names, sizes and times only. The scheduler calls it
 * for a sample of its cycles, with the very snapshot, config and `now` it gave to `decide`, and writes the lines to a
 * file of bounded size; `npm run simulator -- replay` reads them.
 * @returns undefined for a cycle with more than RECORDED_TASKS_MAX tasks or RECORDED_WORKERS_MAX workers.
 */
export function encodeCycle(
  cycle: Pick<RecordedCycle, 'at' | 'configVersion' | 'snapshot' | 'config'>,
  decisions: readonly Decision[],
): string | undefined {
  const { pending, workers } = cycle.snapshot;
  if (pending.length > RECORDED_TASKS_MAX || workers.length > RECORDED_WORKERS_MAX) return undefined;
  const recorded = { ...cycle, version: RECORDED_VERSION, decisions: decisions.map(recordDecision) };
  return JSON.stringify(projected(CYCLE, recorded));
}

/** Reads a line of `encodeCycle`. Throws a RangeError that names the field that is wrong, or the version. */
export function decodeCycle(line: string): RecordedCycle {
  const parsed = parse(line);
  const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  if (version !== RECORDED_VERSION)
    throw new RangeError(`the version is ${JSON.stringify(version)}; this program reads version ${RECORDED_VERSION}`);
  const cycle = restored(CYCLE, parsed, 'cycle') as RecordedCycle;
  for (const [index, { kind, worker }] of cycle.decisions.entries())
    if ((kind !== 'wait' && kind !== 'place') || (kind === 'place') !== (worker !== undefined))
      throw new RangeError(`cycle.decisions[${index}]: expected a place with its worker, or a wait`);
  return cycle;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new RangeError('the line is no JSON');
  }
}
