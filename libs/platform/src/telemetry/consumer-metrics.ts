import { Gauge, type Registry } from 'prom-client';
import type { EventTransport } from '../events/event-transport.js';

/** The transports behind a registry: the standalone app has one registry for four services. */
const observed = new WeakMap<Registry, Set<EventTransport>>();

/** How far each consumer group is behind, read when the metrics are asked for. */
export function observeConsumers(transport: EventTransport, registry: Registry): void {
  const transports = observed.get(registry) ?? registerGauges(registry);
  transports.add(transport);
}

function registerGauges(registry: Registry): Set<EventTransport> {
  const transports = new Set<EventTransport>();
  observed.set(registry, transports);
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
  });
  // Asked for once per scrape, by the one of the two that is collected first.
  Object.assign(records, { collect: () => measure(transports, records, age) });
  return transports;
}

async function measure(transports: Iterable<EventTransport>, records: Gauge, age: Gauge): Promise<void> {
  for (const transport of transports) {
    for (const [group, consumer] of transport.consumers()) {
      // While the bus is away the lag is unknown; the other metrics are wanted all the more.
      const lag = await consumer.lag().catch(() => ({ records: Number.NaN, oldestMs: Number.NaN }));
      records.set({ group }, lag.records);
      age.set({ group }, lag.oldestMs / 1000);
    }
  }
}
