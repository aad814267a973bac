import { VirtualClock } from '@millrace/kernel';
import { createInMemoryOutboxStore } from './in-memory-outbox-store.js';
import { createInMemoryParkedEventStore } from './in-memory-parked-event-store.js';
import { outboxStoreConformance } from './outbox-store-conformance.js';
import { parkedStoreConformance } from './parked-store-conformance.js';

parkedStoreConformance('in memory', async () => ({ store: createInMemoryParkedEventStore(), close: async () => {} }));

outboxStoreConformance('in memory', async () => {
  const store = createInMemoryOutboxStore(new VirtualClock());
  let made = 0;
  return {
    store,
    other: store,
    begin: async (records, ageMs) => {
      const id = `row-${made++}`;
      return { id, commit: async () => store.insert({ id, records }, ageMs) };
    },
    close: async () => {},
  };
});
