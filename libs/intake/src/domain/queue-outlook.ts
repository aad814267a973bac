import type { Instant } from '@millrace/kernel';

/** What waits and runs in one lane, as the scheduler last told. */
export interface LaneFacts {
  readonly taskType: string;
  readonly priority: number;
  readonly waiting: number;
  readonly running: number;
  /** ISO-8601; null in an empty lane. */
  readonly oldestRequestedAt: string | null;
  /** Why its first waiting task waits. */
  readonly waitingReason?: WaitingReason | undefined;
}

export interface PoolFacts {
  readonly pool: string;
  readonly workers: number;
  /** ISO-8601: when this was so. */
  readonly at: string;
  readonly freeSlots: number;
  readonly lanes: readonly LaneFacts[];
}

export interface WaitingReason {
  /** The scheduler's word, e.g. `pool_busy` (api.md section 3). */
  readonly code: string;
  readonly text: string;
}

/** Seconds until a task now accepted would be done: its own time, and that of those before it on the workers there are. */
export function estimateS(pools: readonly PoolFacts[], priority: number, typicalS: number): number {
  const workers = pools.reduce((sum, pool) => sum + pool.workers, 0);
  const ahead = tasksAhead(pools, priority);
  return Math.max(1, Math.ceil(typicalS * (1 + ahead / Math.max(1, workers))));
}

/** What a place in the queue follows from. */
export interface Waiting {
  readonly taskType: string;
  readonly priority: number;
  readonly requestedAt: Instant;
}

/** Why a queued task waits: what the scheduler says of its lane. Undefined when nothing is known, or it need not wait. */
export function waitingReason(pools: readonly PoolFacts[], task: Waiting): WaitingReason | undefined {
  const told = lanesOf(pools).find((lane) => isOwnLane(lane, task))?.waitingReason;
  if (told !== undefined) return told;
  if (pools.length === 0 || pools.some(({ workers }) => workers > 0)) return undefined;
  return { code: 'no_fitting_worker', text: 'No worker is registered; the task starts when one comes.' };
}

/**
 * About how many tasks are served before this one, and one more: those of higher priority, and its share of its own
 * lane, as if tasks had come there evenly since the oldest. Undefined while no snapshot shows its lane waiting.
 */
export function queuePosition(pools: readonly PoolFacts[], task: Waiting): number | undefined {
  const shown = pools.flatMap(({ at, lanes }) => lanes.map((lane) => ({ at, lane })));
  const own = shown.find(({ lane }) => isOwnLane(lane, task) && lane.waiting > 0);
  if (own === undefined) return undefined;
  const higher = shown.filter(({ lane }) => lane.taskType === task.taskType && lane.priority > task.priority);
  return higher.reduce((sum, { lane }) => sum + lane.waiting, 0) + placeInLane(own.lane, Date.parse(own.at), task);
}

function placeInLane({ waiting, oldestRequestedAt }: LaneFacts, now: Instant, { requestedAt }: Waiting): number {
  const oldest = oldestRequestedAt === null ? now : Date.parse(oldestRequestedAt);
  const share = (requestedAt - oldest) / Math.max(1, now - oldest);
  return 1 + Math.round(Math.min(1, Math.max(0, share)) * (waiting - 1));
}

function isOwnLane(lane: LaneFacts, task: Waiting): boolean {
  return lane.taskType === task.taskType && lane.priority === task.priority;
}

function lanesOf(pools: readonly PoolFacts[]): readonly LaneFacts[] {
  return pools.flatMap((pool) => pool.lanes);
}

function tasksAhead(pools: readonly PoolFacts[], priority: number): number {
  return lanesOf(pools).reduce((sum, lane) => sum + lane.running + (lane.priority >= priority ? lane.waiting : 0), 0);
}
