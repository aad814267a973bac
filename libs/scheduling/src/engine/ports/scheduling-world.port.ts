import type { CycleDecisions } from '../../policy/decide.js';
import type { Placement } from '../../policy/decision.js';
import type { SchedulingSnapshot } from '../../policy/snapshot.js';

/** Where a cycle reads the world. Production: the stores. Simulation: a world in memory. */
export interface SnapshotSource {
  /** Of each tenant's tasks in a lane at least the `perTenant` that come first in order of service, while there is room. */
  read(perTenant: number): Promise<SchedulingSnapshot>;
}

/** Where a cycle puts its decisions: leases, events and commands to stop, in one transaction. */
export interface DecisionSink {
  /** Returns the placements that were applied. One whose task is no longer queued is passed over. */
  apply(decided: CycleDecisions): Promise<readonly Placement[]>;
}
