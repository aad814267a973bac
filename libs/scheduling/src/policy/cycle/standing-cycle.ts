import type { Instant } from '@millrace/kernel';
import type { FairShares } from '../ordering/ordering-policy.js';
import type { Tier } from '../placement/class-plans.js';
import { PlacementBoard, type MixEntry } from '../placement/placement-board.js';
import { DEFAULT_PLACEMENT_WEIGHTS } from '../placement/placement-weights.js';
import { QuotaBook } from '../quotas/quota-book.js';
import type { PendingTask, PolicyConfig, SchedulingSnapshot } from '../snapshot.js';
import { DecisionCycle } from './decision-cycle.js';
import { WaitReasons } from './wait-reasons.js';
import { toGangItem, toWorkItem, type WorkItem } from './work-item.js';

/** What is expected of the tasks to come, known when the board is set up. */
export interface Expectation {
  /** Labels that some task may ask for; no other tells workers apart. */
  readonly labelNames: readonly string[];
  readonly mix: readonly MixEntry[];
}

/**
 * The world that decisions are made in, kept up to date by what happens to it: tasks come (`submit`), end (`release`,
 * `giveBack`) or are withdrawn, and `cycle.run` decides. `decide` builds one for a single cycle; who keeps one saves the
 * building. Workers that come or go ask for a new one.
 */
export class StandingCycle {
  readonly board: PlacementBoard;
  readonly cycle: DecisionCycle;
  readonly reasons: WaitReasons;
  private readonly quotas: QuotaBook;

  constructor(world: Omit<SchedulingSnapshot, 'pending'>, policy: PolicyConfig, expectation: Expectation) {
    const weights = policy.weights ?? DEFAULT_PLACEMENT_WEIGHTS;
    this.board = new PlacementBoard(world.workers, weights, expectation.labelNames, expectation.mix);
    this.quotas = new QuotaBook(world.quotas ?? []);
    this.reasons = new WaitReasons(this.board, this.quotas, world.pools);
    this.cycle = new DecisionCycle(this.board, this.quotas, policy, this.reasons, world.shares);
  }

  submit(task: PendingTask): WorkItem {
    const item = toWorkItem(task, this.board, this.quotas);
    this.cycle.add(item);
    return item;
  }

  /** All members of one gang. */
  submitGang(members: readonly PendingTask[]): WorkItem {
    const item = toGangItem(members, this.board, this.quotas);
    this.cycle.add(item);
    return item;
  }

  run(now: Instant, limit: number): void {
    this.cycle.run(now, limit);
  }

  /** A member ended: its seat is free. */
  release(node: number, gpuMask: number, tier: Tier): void {
    this.board.release(node, gpuMask, tier);
  }

  /** A task, or all members of a gang, ended: its quota has it back. */
  giveBack(item: WorkItem): void {
    this.quotas.giveBack(item.tenantAccount, item.charge);
    this.quotas.giveBack(item.namespaceAccount, item.charge);
    if (item.tenantAccount >= 0) this.cycle.wake(item.tenantId);
  }

  shares(): FairShares {
    return this.cycle.order.shares();
  }
}
