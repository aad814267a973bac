export { decide } from './decide.js';
export type { Decision } from './decision.js';
export type { PendingTask, PolicyConfig, SchedulingSnapshot, WorkerView } from './snapshot.js';
