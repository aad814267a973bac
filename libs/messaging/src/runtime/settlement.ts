import type { TopicName } from '@millrace/contracts';
import { jittered, type DurationMs, type Instant } from '@millrace/kernel';
import { holdsDeadLetters } from '../codec/decode-record.js';
import type { OutgoingRecord } from '../ports/event-bus.port.js';
import type { ParkedEvent, ParkedKind } from '../ports/parked-event-store.port.js';
import type { ConsumerContext } from './consumer-context.js';
import { deadLetterRecord } from './dead-letter.js';
import type { Verdict } from './judge-result.js';
import type { LaneEntry } from './lane-entry.js';
import type { Lane, LaneTake } from './owned-partition.js';
import { applyResolutions } from './apply-resolutions.js';

/** Topics whose events carry a gap-free sequence per key: without one of them the next makes no sense. */
const SEQUENCED_TOPICS: ReadonlySet<string> = new Set<TopicName>(['task.lifecycle']);

interface Plan {
  readonly deadLetters: OutgoingRecord[];
  readonly puts: ParkedEvent[];
  readonly removals: LaneEntry['record'][];
  /** What each lane's memory of the store becomes, once the store has it. */
  readonly changes: (() => void)[];
}

/**
 * Brings records with a verdict to where they go: dead letters to their topic, held and parked ones to the store,
 * applied copies out of it. Whole batches, one call each; rejects when any part fails, and is then done again: every
 * part may happen twice. Afterwards the records are done and their offsets may move.
 */
export async function settleVerdicts(context: ConsumerContext, takes: readonly LaneTake[]): Promise<void> {
  if (context.definition.from === 'end') return logDropped(context, takes);
  await applyResolutions(context, takes);
  const plan = planOf(context, takes);
  // 1. The dead-letter topic has the record before anything forgets it.
  if (plan.deadLetters.length > 0) await context.bus.publish(plan.deadLetters);
  // 2. The store has what waits.
  if (plan.puts.length > 0) await context.parked?.put(context.definition.group, plan.puts);
  if (plan.removals.length > 0) await context.parked?.remove(context.definition.group, plan.removals);
  // 3. Only now the lanes know.
  for (const change of plan.changes) change();
  for (const { lane } of takes) reopenResolved(lane);
  report(context, plan, takes);
}

function planOf(context: ConsumerContext, takes: readonly LaneTake[]): Plan {
  const plan: Plan = { deadLetters: [], puts: [], removals: [], changes: [] };
  for (const { lane, entries } of takes) for (const entry of entries) planEntry(context, plan, lane, entry);
  return plan;
}

function planEntry(context: ConsumerContext, plan: Plan, lane: Lane, entry: LaneEntry): void {
  const { verdict, record } = entry;
  const storedAs = lane.stored.get(record.offset);
  switch (verdict?.kind) {
    case 'applied':
      return planRemoval(plan, lane, entry);
    case 'hold':
      if (storedAs !== 'held') planPut(context, plan, lane, entry, 'held');
      return;
    case 'park':
      if (storedAs === undefined) planPut(context, plan, lane, entry, 'parked');
      return;
    case 'delay':
      return planDelay(context, plan, lane, entry, verdict.delayMs);
    case 'dead':
      return planDeath(context, plan, lane, entry, verdict);
    case 'resolve':
    case undefined:
      return;
  }
}

/** A dead letter is not made of a dead letter: its topic keeps it, and the log says so. */
function planDeath(
  context: ConsumerContext,
  plan: Plan,
  lane: Lane,
  entry: LaneEntry,
  verdict: Extract<Verdict, { kind: 'dead' }>,
): void {
  const { record, failedTries: attempts, redrives } = entry;
  const blocksKey = SEQUENCED_TOPICS.has(record.topic);
  const { group } = context.definition;
  const cause = { ...verdict, group, attempts, redrives, blocksKey, failedAt: context.clock.now() };
  if (!holdsDeadLetters(record.topic)) plan.deadLetters.push(deadLetterRecord(record, cause));
  if (blocksKey) planPut(context, plan, lane, entry, 'dead');
  else planRemoval(plan, lane, entry);
}

function planDelay(context: ConsumerContext, plan: Plan, lane: Lane, entry: LaneEntry, delayMs: DurationMs): void {
  const { clock, rng, limits } = context;
  const dueAt = clock.now() + Math.round(jittered(delayMs, limits.retryJitter, rng));
  planPut(context, plan, lane, entry, 'delayed', dueAt);
}

/** An operator ended the block, whatever was parked behind it just now: the store says what goes next. */
function reopenResolved(lane: Lane): void {
  if (!lane.reopens) return;
  lane.reopens = false;
  lane.status = 'open';
  lane.dueAt = undefined;
  lane.mustLoad = true;
}

function planPut(
  context: ConsumerContext,
  plan: Plan,
  lane: Lane,
  entry: LaneEntry,
  kind: ParkedKind,
  dueAt?: Instant,
): void {
  const reason = entry.verdict !== undefined && 'reason' in entry.verdict ? entry.verdict.reason : kind;
  const { record, failedTries, redrives } = entry;
  plan.puts.push({
    ...{ kind, reason, parkedAt: context.clock.now(), record },
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(failedTries === 0 ? {} : { failedTries }),
    ...(redrives === 0 ? {} : { redrives }),
  });
  plan.changes.push(() => {
    lane.stored.set(entry.record.offset, kind);
    if (kind === 'dead') lane.status = 'blocked';
    if (kind === 'parked' && lane.status === 'open') lane.status = 'parked';
    if (kind !== 'delayed' || lane.status === 'blocked') return;
    lane.status = 'parked';
    lane.dueAt = dueAt;
  });
}

function planRemoval(plan: Plan, lane: Lane, entry: LaneEntry): void {
  if (!lane.stored.has(entry.record.offset)) return;
  plan.removals.push(entry.record);
  plan.changes.push(() => lane.stored.delete(entry.record.offset));
}

function report(context: ConsumerContext, plan: Plan, takes: readonly LaneTake[]): void {
  const { logger, observer, definition } = context;
  for (const { entries } of takes) {
    for (const { verdict, record } of entries) {
      if (verdict?.kind !== 'dead') continue;
      observer.deadLettered?.(definition.group, record.topic, verdict.errorClass);
      logger.error('a record went to the dead-letter topic', { ...whereOf(context, record), ...verdict });
    }
  }
  for (const [kind, puts] of Map.groupBy(plan.puts, (put) => put.kind)) {
    observer.parked?.(definition.group, kind, puts.length);
  }
}

/** Without a group of its own on the bus a consumer has nowhere to put a record aside: it is logged and passed. */
function logDropped(context: ConsumerContext, takes: readonly LaneTake[]): void {
  for (const { entries } of takes) {
    for (const { record, verdict } of entries) {
      if (verdict?.kind === 'applied' || verdict?.kind === 'resolve') continue;
      context.logger.error('a record was dropped', { ...whereOf(context, record), ...verdict });
    }
  }
}

function whereOf(context: ConsumerContext, record: LaneEntry['record']): Record<string, unknown> {
  const { topic, partition, offset, headers } = record;
  return { group: context.definition.group, topic, partition, offset: String(offset), eventType: headers['ce_type'] };
}
