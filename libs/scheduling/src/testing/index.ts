export { aHolder, aPendingTask, aReport, aRequest, aTask, aWorker, aWorkerView, idOf, taskIdOf } from './builders.js';
export { InMemorySchedulingDatabase } from './in-memory-scheduling-stores.js';
export { SchedulerFixture, startedScheduler, type SchedulerFixtureOptions } from './scheduler-fixture.js';
export { leaderStoreConformance, type LeaderUnderTest } from './leader-store-conformance.js';
export { schedulingStoresConformance } from './scheduling-stores-conformance.js';
export { silentObserver } from './silent-observer.js';
export type { StoresUnderTest } from './stores-under-test.js';
