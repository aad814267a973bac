import { silentLogger, systemClock } from '@millrace/kernel';
import { eventBusConformance } from '@millrace/messaging/testing';
import { describeWithServer } from '@millrace/test-kit';
import { createKafkaEventBus } from './index.js';

await describeWithServer('kafka', 'event bus on Kafka', ({ brokers }) => {
  eventBusConformance('Kafka', async () => {
    const bus = createKafkaEventBus({ brokers, clientId: 'conformance', clock: systemClock, logger: silentLogger });
    return { bus, close: () => bus.close() };
  });
});
