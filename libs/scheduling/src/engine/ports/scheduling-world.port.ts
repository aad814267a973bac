import type { Placement } from '../../policy/decision.js';
import type { SchedulingSnapshot } from '../../policy/snapshot.js';

/** Where a cycle reads the world. Production: the stores. Simulation: a world in memory. */
export interface SnapshotSource {
  /** At most `perLane` pending tasks of each lane, the first in order of service. */
  read(perLane: number): Promise<SchedulingSnapshot>;
}

/** Where a cycle puts its decisions: leases and events, in one transaction. */
export interface DecisionSink {
  /** Returns those that were applied. One whose task is no longer queued is passed over. */
  apply(placements: readonly Placement[]): Promise<readonly Placement[]>;
}
