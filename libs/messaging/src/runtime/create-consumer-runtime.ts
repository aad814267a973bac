import { AppError, type Clock, type Logger, type Rng } from '@millrace/kernel';
import type { ConsumerRuntime } from '../ports/consumer.port.js';
import type { EventBus } from '../ports/event-bus.port.js';
import type { ParkedEventStore } from '../ports/parked-event-store.port.js';
import type { Tracer } from '../ports/tracing.port.js';
import type { ConsumerObserver } from './consumer-context.js';
import { CONSUMER_LIMITS, type ConsumerLimits } from './consumer-limits.js';
import { SupervisedConsumer } from './supervised-consumer.js';

export interface ConsumerRuntimeOptions {
  readonly bus: EventBus;
  /** Not needed by a service that reads from the end only: it commits nothing and parks nothing. */
  readonly parked?: ParkedEventStore;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly limits?: Partial<ConsumerLimits>;
  readonly observer?: ConsumerObserver;
}

/** The consumer runtime of guarantees.md section 1 over any EventBus. */
export function createConsumerRuntime(options: ConsumerRuntimeOptions): ConsumerRuntime {
  const { limits, parked, observer = {}, ...rest } = options;
  return {
    start: async (definition) => {
      if (definition.from === 'committed' && parked === undefined) {
        throw new AppError({
          kind: 'internal',
          code: 'internal_error',
          message: `consumer ${definition.group} commits offsets: give the runtime a ParkedEventStore`,
          retriable: false,
        });
      }
      return SupervisedConsumer.start({
        ...rest,
        parked,
        observer,
        definition,
        limits: { ...CONSUMER_LIMITS, ...limits },
      });
    },
  };
}
