import type { Clock } from '@millrace/kernel';
import { decide } from '../policy/decide.js';
import type { Decision, Placement } from '../policy/decision.js';
import type { PolicyConfig, SchedulingSnapshot } from '../policy/snapshot.js';
import type { WaitingCode } from '../policy/waiting-reasons.js';
import type { SchedulerObserver } from './ports/cycle-observer.port.js';
import type { DecisionSink, SnapshotSource } from './ports/scheduling-world.port.js';

/** How many tasks of a lane a cycle looks at: the first window, and how far it widens past tasks that fit nowhere. */
export interface CycleWindow {
  readonly initial: number;
  readonly factor: number;
  readonly max: number;
}

export interface CycleOutcome {
  readonly placed: number;
  /** Tasks of the snapshot that stay in their lanes. */
  readonly waiting: number;
  /** Run again at once: the cycle stopped at its own limit, or a decision was overtaken. */
  readonly again: boolean;
  /** Why each lane's first waiting task waits. */
  readonly laneReasons: readonly { readonly taskType: string; readonly priority: number; readonly code: WaitingCode }[];
}

/** One pass over the world. Production and simulation run this code; only the ports differ. */
export class SchedulingCycle {
  constructor(
    private readonly source: SnapshotSource,
    private readonly sink: DecisionSink,
    private readonly clock: Clock,
    private readonly observer: SchedulerObserver,
    private readonly window: CycleWindow,
  ) {}

  /** One cycle. Decisions that fail to apply stay pending; nothing is retried here. */
  async runOnce(policy: PolicyConfig): Promise<CycleOutcome> {
    const startedMs = this.clock.monotonicMs();
    const { snapshot, decisions, readMs, decideMs } = await this.readAndDecide(policy);
    const placements = decisions.filter((decision): decision is Placement => decision.kind === 'place');
    // 3. Apply: leases and events, in one transaction that checks the term.
    const applied = await this.sink.apply(placements);
    const applyMs = this.clock.monotonicMs() - startedMs - readMs - decideMs;
    // 4. Report, with the time of each step.
    this.observer.cycled({
      pendingSeen: snapshot.pending.length,
      placements: applied,
      waiting: countByReason(decisions),
      readMs,
      decideMs,
      applyMs,
    });
    return outcomeOf(decisions, placements, applied);
  }

  private async readAndDecide(policy: PolicyConfig): Promise<{
    readonly snapshot: SchedulingSnapshot;
    readonly decisions: readonly Decision[];
    readonly readMs: number;
    readonly decideMs: number;
  }> {
    let readMs = 0;
    let decideMs = 0;
    for (let perLane = this.window.initial; ; perLane *= this.window.factor) {
      // 1. Read the world once; again, and wider, only where tasks that fit nowhere fill the window.
      const beganMs = this.clock.monotonicMs();
      const snapshot = await this.source.read(Math.min(perLane, this.window.max));
      const readAtMs = this.clock.monotonicMs();
      // 2. Decide, purely.
      const decisions = decide(snapshot, policy, this.clock.now());
      readMs += readAtMs - beganMs;
      decideMs += this.clock.monotonicMs() - readAtMs;
      if (perLane >= this.window.max || !hidesFittingTasks(snapshot, decisions, perLane)) {
        return { snapshot, decisions, readMs, decideMs };
      }
    }
  }
}

/**
 * Slots are free, and a lane that fills its window may hold tasks for them further back: all it showed was placed, or
 * some of it fits on no worker although its type is served, or pauses after a failure.
 */
function hidesFittingTasks(snapshot: SchedulingSnapshot, decisions: readonly Decision[], perLane: number): boolean {
  const workers = snapshot.workers.filter((worker) => worker.alive && !worker.draining);
  const free = workers.reduce((sum, worker) => sum + Math.max(0, worker.slots - worker.usedSlots), 0);
  if (decisions.filter(({ kind }) => kind === 'place').length >= free) return false;
  const served = new Set(workers.flatMap(({ taskTypes }) => taskTypes));
  return [...Map.groupBy(decisions, laneOf).values()].some(
    (lane) =>
      lane.length >= perLane &&
      served.has(lane[0]?.task.taskType ?? '') &&
      (lane.every(({ kind }) => kind === 'place') ||
        lane.some(({ reason }) => reason === 'no_fitting_worker' || reason === 'retry_backoff')),
  );
}

function laneOf({ task }: Decision): string {
  return `${task.priority}/${task.taskType}`;
}

function countByReason(decisions: readonly Decision[]): Readonly<Partial<Record<WaitingCode, number>>> {
  const counts: Partial<Record<WaitingCode, number>> = {};
  for (const decision of decisions) {
    if (decision.kind === 'wait') counts[decision.reason] = (counts[decision.reason] ?? 0) + 1;
  }
  return counts;
}

function outcomeOf(
  decisions: readonly Decision[],
  placements: readonly Placement[],
  applied: readonly Placement[],
): CycleOutcome {
  const lanes = new Map<string, CycleOutcome['laneReasons'][number]>();
  let limited = false;
  for (const decision of decisions) {
    if (decision.kind === 'place') continue;
    limited ||= decision.reason === 'cycle_limit';
    const { taskType, priority } = decision.task;
    const lane = laneOf(decision);
    // A pause is one task's own reason: another says more about the lane.
    if ((lanes.get(lane)?.code ?? 'retry_backoff') === 'retry_backoff')
      lanes.set(lane, { taskType, priority, code: decision.reason });
  }
  return {
    placed: applied.length,
    waiting: decisions.length - applied.length,
    again: limited || applied.length < placements.length,
    laneReasons: [...lanes.values()],
  };
}
