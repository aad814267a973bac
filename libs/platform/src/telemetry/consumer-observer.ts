import { Counter, Histogram, type Registry } from 'prom-client';
import type { ConsumerObserver } from '@millrace/messaging';

const SECONDS_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30];

/** What consumers did, as counters. Several services of one process share a registry, and then the counters. */
export function createConsumerObserver(registry: Registry): ConsumerObserver {
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    (registry.getSingleMetric(name) as Counter | undefined) ??
    new Counter({ name, help, labelNames, registers: [registry] });
  const handled = counter('millrace_consumer_events_total', 'Events given to a handler.', ['group']);
  const dead = counter('millrace_consumer_dead_letters_total', 'Records sent to a dead-letter topic.', [
    'group',
    'topic',
    'error_class',
  ]);
  const parked = counter('millrace_consumer_parked_total', 'Events set aside, by kind.', ['group', 'kind']);
  const unavailable = counter('millrace_consumer_unavailable_total', 'Times a partition had to wait for our side.', [
    'group',
    'topic',
  ]);
  const resubscribed = counter('millrace_consumer_resubscriptions_total', 'Consumers mended by the watchdog.', [
    'group',
  ]);
  const seconds = batchSeconds(registry);
  return {
    batchHandled: (group, events, durationMs) => {
      handled.inc({ group }, events);
      seconds.observe({ group }, durationMs / 1000);
    },
    deadLettered: (group, topic, errorClass) => dead.inc({ group, topic, error_class: errorClass }),
    parked: (group, kind, events) => parked.inc({ group, kind }, events),
    unavailable: (group, topic) => unavailable.inc({ group, topic }),
    resubscribed: (group) => resubscribed.inc({ group }),
  };
}

function batchSeconds(registry: Registry): Histogram {
  const name = 'millrace_consumer_batch_seconds';
  const help = 'Time of one call of a handler.';
  const existing = registry.getSingleMetric(name) as Histogram | undefined;
  return (
    existing ?? new Histogram({ name, help, labelNames: ['group'], buckets: SECONDS_BUCKETS, registers: [registry] })
  );
}
