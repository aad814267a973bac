export {
  BEARERS,
  DEFAULT_POLICY,
  RULE_VERSION,
  bearerOf,
  finalClosure,
  type AttributionPolicy,
  type Bearer,
  type Closure,
  type Fault,
  type Outcome,
} from './domain/attribution-rules.js';
export { chargeTask, type AttemptCharge, type Charge } from './domain/charge-task.js';
export { closingLines, heldCost, type RatedUsage } from './domain/close-instance.js';
export {
  evaluateSegment,
  QUARANTINE_REASONS,
  type Evaluation,
  type QuarantineReason,
} from './domain/evaluate-segment.js';
export {
  MAX_GAP_MS,
  checkBalance,
  checkBooks,
  checkGaps,
  checkShares,
  checkTime,
  type Books,
  type Violation,
} from './domain/invariants.js';
export {
  ENTRY_KINDS,
  account,
  balances,
  reconcile,
  type Entry,
  type EntryKind,
  type Line,
  type Standing,
} from './domain/ledger.js';
export {
  instanceBook,
  rateSegment,
  type CapacityChange,
  type InstanceBook,
  type RatedStretch,
} from './domain/price-book.js';
export { SEGMENT_KINDS, type Segment, type SegmentKind, type SegmentWork } from './domain/segment.js';
export { sliceSharePpm, splitByWeight, timeSlicedSharesPpm } from './domain/shares.js';
export {
  taskCost,
  type AttemptBalance,
  type AttemptCost,
  type TaskCost,
  type TaskCostFacts,
} from './domain/task-cost.js';
export { CAPACITY_CONSUMER, ChangeCapacity } from './engine/change-capacity.js';
export { CLOSURE_CONSUMER, CloseAttempts } from './engine/close-attempts.js';
export { ReadCosts } from './engine/read-costs.js';
export { RecordUsage, USAGE_CONSUMER } from './engine/record-usage.js';
export { SettleBooks, type Touched } from './engine/settle-books.js';
