import { VirtualClock } from '@millrace/kernel';
import { createInMemoryUnitOfWork } from '@millrace/messaging/testing';
import { InMemorySchedulingDatabase } from './in-memory-scheduling-stores.js';
import { leaderStoreConformance } from './leader-store-conformance.js';
import { schedulingStoresConformance } from './scheduling-stores-conformance.js';
import type { StoresUnderTest } from './stores-under-test.js';

function create(clock = new VirtualClock()) {
  const database = new InMemorySchedulingDatabase(clock);
  const { unitOfWork } = createInMemoryUnitOfWork(database.stores(), { snapshot: () => database.snapshot() });
  const stores: StoresUnderTest = {
    run: (work) => unitOfWork.run(work),
    clear: async () => database.clear(),
  };
  return { database, stores };
}

schedulingStoresConformance('in memory', async () => create().stores);

leaderStoreConformance('in memory', async () => {
  const clock = new VirtualClock();
  const { database, stores } = create(clock);
  return { store: database.leaderStore(), stores, elapse: (durationMs) => clock.advance(durationMs) };
});
