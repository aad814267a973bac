/** What waits and runs in one lane, as the scheduler last told. */
export interface LaneFacts {
  readonly taskType: string;
  readonly priority: number;
  readonly waiting: number;
  readonly running: number;
}

export interface PoolFacts {
  readonly pool: string;
  readonly workers: number;
  readonly freeSlots: number;
  readonly lanes: readonly LaneFacts[];
}

export interface WaitingReason {
  readonly code: 'no_fitting_worker';
  readonly text: string;
}

/** Seconds until a task now accepted would be done: its own time, and that of those before it on the workers there are. */
export function estimateS(pools: readonly PoolFacts[], priority: number, typicalS: number): number {
  const workers = pools.reduce((sum, pool) => sum + pool.workers, 0);
  const ahead = tasksAhead(pools, priority);
  return Math.max(1, Math.ceil(typicalS * (1 + ahead / Math.max(1, workers))));
}

/** Why a queued task waits; undefined when nothing is known, or a worker is free. */
export function waitingReason(pools: readonly PoolFacts[], priority: number): WaitingReason | undefined {
  if (pools.length === 0) return undefined;
  const workers = pools.reduce((sum, pool) => sum + pool.workers, 0);
  if (workers === 0)
    return { code: 'no_fitting_worker', text: 'No worker is registered; the task starts when one comes.' };
  if (pools.some((pool) => pool.freeSlots > 0)) return undefined;
  const ahead = tasksAhead(pools, priority);
  return {
    code: 'no_fitting_worker',
    text: `All ${workers} workers are busy; about ${ahead} tasks run or wait before this one.`,
  };
}

function tasksAhead(pools: readonly PoolFacts[], priority: number): number {
  return pools
    .flatMap((pool) => pool.lanes)
    .reduce((sum, lane) => sum + lane.running + (lane.priority >= priority ? lane.waiting : 0), 0);
}
