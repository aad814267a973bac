import type { EventStamper } from '../codec/event-stamper.js';
import type { EventBus } from '../ports/event-bus.port.js';
import type { EventPublisher } from '../ports/event-publisher.port.js';

/** Publishes events straight to the bus, without a transaction. Stamped once per call: a retry makes new events. */
export function createEventPublisher(options: {
  readonly bus: Pick<EventBus, 'publish'>;
  readonly stamper: EventStamper;
}): EventPublisher {
  return {
    publish: async (events) => {
      if (events.length > 0) await options.bus.publish(options.stamper.stamp(events));
    },
  };
}
