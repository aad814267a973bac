import { systemClock } from '@millrace/kernel';
import { eventBusConformance } from './event-bus-conformance.js';
import { createInMemoryBus } from './in-memory-bus.js';

eventBusConformance('in memory', async () => {
  const bus = createInMemoryBus({ clock: systemClock });
  return { bus, close: () => bus.close() };
});
