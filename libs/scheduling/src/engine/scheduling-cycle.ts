import type { Clock, Instant } from '@millrace/kernel';
import { decideCycle, type CycleDecisions } from '../policy/decide.js';
import type { Decision, Placement, Wait } from '../policy/decision.js';
import type { PolicyConfig, SchedulingSnapshot } from '../policy/snapshot.js';
import type { WaitingCode } from '../policy/waiting-reasons.js';
import type { SchedulerObserver } from './ports/cycle-observer.port.js';
import type { CycleRecorder } from './ports/cycle-recorder.port.js';
import { shownOfEach } from './queue-window.js';
import type { DecisionSink, SnapshotSource } from './ports/scheduling-world.port.js';

/** How many of a tenant's tasks in a lane a cycle looks at: first, and how far it widens past tasks that fit nowhere. */
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
  /** What stays in its lane and why, in order of service. */
  readonly waits: readonly Wait[];
}

/** One pass over the world. Production and simulation run this code; only the ports differ. */
export class SchedulingCycle {
  private firstWindow: number;

  constructor(
    private readonly source: SnapshotSource,
    private readonly sink: DecisionSink,
    private readonly clock: Clock,
    private readonly observer: SchedulerObserver,
    private readonly window: CycleWindow,
    private readonly recording?: { readonly recorder: CycleRecorder; readonly configVersion: string },
  ) {
    this.firstWindow = window.initial;
  }

  /** One cycle. Decisions that fail to apply stay pending; nothing is retried here. */
  async runOnce(policy: PolicyConfig): Promise<CycleOutcome> {
    const startedMs = this.clock.monotonicMs();
    const { snapshot, decided, readMs, decideMs } = await this.readAndDecide(policy);
    const { decisions } = decided;
    // 3. Apply: leases, events and commands to stop, in one transaction that checks the term.
    const applied = await this.sink.apply(decided);
    const applyMs = this.clock.monotonicMs() - startedMs - readMs - decideMs;
    // 4. Report, with the time of each step.
    this.observer.cycled({
      pendingSeen: snapshot.pending.length,
      placements: applied,
      preempted: decisions.reduce((sum, decision) => sum + victimsOf(decision), 0),
      waiting: countByReason(decisions),
      readMs,
      decideMs,
      applyMs,
    });
    return outcomeOf(decisions, applied);
  }

  private async readAndDecide(policy: PolicyConfig): Promise<{
    readonly snapshot: SchedulingSnapshot;
    readonly decided: CycleDecisions;
    readonly readMs: number;
    readonly decideMs: number;
  }> {
    let readMs = 0;
    let decideMs = 0;
    for (let perTenant = this.firstWindow; ; perTenant *= this.window.factor) {
      // 1. Read the world once; again, and wider, only where tasks that fit nowhere fill the window.
      const beganMs = this.clock.monotonicMs();
      const snapshot = await this.source.read(Math.min(perTenant, this.window.max));
      const readAtMs = this.clock.monotonicMs();
      // 2. Decide, purely.
      const now = this.clock.now();
      const decided = decideCycle(snapshot, policy, now);
      readMs += readAtMs - beganMs;
      decideMs += this.clock.monotonicMs() - readAtMs;
      if (perTenant >= this.window.max || !hidesFittingTasks(snapshot, decided.decisions, perTenant)) {
        this.firstWindow = this.windowAfter(decided.decisions);
        this.record(snapshot, policy, now, decided);
        return { snapshot, decided, readMs, decideMs };
      }
    }
  }

  /** Half as much again as the tenant got that got most: where many are placed at once, the next cycle need not widen. */
  private windowAfter(decisions: readonly Decision[]): number {
    const given = new Map<string, number>();
    for (const decision of decisions) {
      if (decision.kind === 'place') given.set(windowOf(decision), (given.get(windowOf(decision)) ?? 0) + 1);
    }
    const most = [...given.values()].reduce((max, count) => Math.max(max, count), 0);
    return Math.min(this.window.max, Math.max(this.window.initial, Math.ceil(1.5 * most)));
  }

  private record(snapshot: SchedulingSnapshot, config: PolicyConfig, at: Instant, { decisions }: CycleDecisions): void {
    const { recording } = this;
    if (recording === undefined || snapshot.pending.length === 0) return;
    recording.recorder.decided({ at, configVersion: recording.configVersion, snapshot, config }, decisions);
  }
}

/** Waits that are about the task's own shape or moment: another task of the lane may run now. */
const OWN_REASONS: ReadonlySet<string> = new Set([
  ...['no_fitting_worker', 'pool_busy', 'pool_draining', 'held_for_older', 'gang_no_room', 'gang_incomplete'],
  'retry_backoff',
]);

/**
 * Slots are free on workers that serve the type, and a tenant that fills its window of a lane may have tasks for them
 * further back: all it showed was placed, or some of it waits for a reason that another task need not have.
 */
function hidesFittingTasks(snapshot: SchedulingSnapshot, decisions: readonly Decision[], perTenant: number): boolean {
  const workers = snapshot.workers.filter((worker) => worker.alive && !worker.draining);
  const free = workers.reduce((sum, worker) => sum + Math.max(0, worker.slots - worker.usedSlots), 0);
  if (decisions.filter(({ kind }) => kind === 'place').length >= free) return false;
  const open = workers.filter(({ slots, usedSlots }) => usedSlots < slots);
  const served = new Set(open.flatMap(({ taskTypes }) => taskTypes));
  const windows = [...Map.groupBy(decisions, windowOf).values()];
  const full = shownOfEach(perTenant, windows.length);
  return windows.some(
    (shown) =>
      shown.length >= full &&
      served.has(shown[0]?.task.taskType ?? '') &&
      (shown.every(({ kind }) => kind === 'place') || shown.some(({ reason }) => OWN_REASONS.has(reason))),
  );
}

function windowOf({ task }: Decision): string {
  return `${task.priority}/${task.taskType}/${task.tenantId ?? ''}`;
}

function victimsOf(decision: Decision): number {
  return decision.kind === 'wait' ? (decision.preemption?.victims.length ?? 0) : 0;
}

function countByReason(decisions: readonly Decision[]): Readonly<Partial<Record<WaitingCode, number>>> {
  const counts: Partial<Record<WaitingCode, number>> = {};
  for (const decision of decisions) {
    if (decision.kind === 'wait') counts[decision.reason] = (counts[decision.reason] ?? 0) + 1;
  }
  return counts;
}

function outcomeOf(decisions: readonly Decision[], applied: readonly Placement[]): CycleOutcome {
  const waits = decisions.filter((decision) => decision.kind === 'wait');
  const placed = decisions.length - waits.length;
  return {
    placed: applied.length,
    waiting: decisions.length - applied.length,
    again: applied.length < placed || waits.some(({ reason }) => reason === 'cycle_limit'),
    waits,
  };
}
