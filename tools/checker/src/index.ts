export { CANCEL_GRACE_MS, checkHistory, type CheckOptions } from './check-history.js';
export type {
  Application,
  Cancellation,
  ChargeRow,
  History,
  Leftovers,
  Observation,
  RecordedEvent,
  Submission,
  TaskRow,
  WebhookReceipt,
} from './history.js';
export { ASSERTIONS, type Assertion, type Violation } from './violation.js';
export type { BusAddress } from './readers/open-bus.js';
export { readHistory, type ClientSide, type ReadHistoryOptions } from './readers/read-history.js';
