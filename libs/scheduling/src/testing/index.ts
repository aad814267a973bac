export { aHolder, aPendingTask, aReport, aRequest, aTask, aWorker, aWorkerView, idOf, taskIdOf } from './builders.js';
export { InMemorySchedulingDatabase } from './in-memory-scheduling-stores.js';
export { SchedulerFixture, startedScheduler, type SchedulerFixtureOptions } from './scheduler-fixture.js';
export {
  leaderStoreConformance,
  schedulingStoresConformance,
  type LeaderUnderTest,
  type StoresUnderTest,
} from './scheduling-stores-conformance.js';
