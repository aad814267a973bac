import { Gauge, type Registry } from 'prom-client';
import type { EventTransport } from '../events/event-transport.js';

/** How far each consumer group is behind, read when the metrics are asked for. */
export function observeConsumers(transport: EventTransport, registry: Registry): void {
  const records = new Gauge({
    name: 'millrace_consumer_lag_records',
    help: 'Records not yet done, per consumer group.',
    labelNames: ['group'],
    registers: [registry],
  });
  const age = new Gauge({
    name: 'millrace_consumer_lag_seconds',
    help: 'Age of the oldest record that is not done, per consumer group.',
    labelNames: ['group'],
    registers: [registry],
    collect: async () => {
      for (const [group, consumer] of transport.consumers()) {
        const lag = await consumer.lag();
        records.set({ group }, lag.records);
        age.set({ group }, lag.oldestMs / 1000);
      }
    },
  });
}
