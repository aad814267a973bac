import type { Clock, DurationMs, Logger, Rng } from '@millrace/kernel';
import type { ConsumerDefinition } from '../ports/consumer.port.js';
import type { EventBus } from '../ports/event-bus.port.js';
import type { ParkedEventStore, ParkedKind } from '../ports/parked-event-store.port.js';
import type { Tracer } from '../ports/tracing.port.js';
import type { ConsumerLimits } from './consumer-limits.js';

/** What the runtime tells whoever counts: labels are bounded, never a key or a tenant. */
export interface ConsumerObserver {
  batchHandled?(group: string, events: number, durationMs: DurationMs): void;
  deadLettered?(group: string, topic: string, errorClass: string): void;
  parked?(group: string, kind: ParkedKind, events: number): void;
  unavailable?(group: string, topic: string): void;
  resubscribed?(group: string): void;
}

/** What every part of one consumer works with. */
export interface ConsumerContext {
  readonly definition: ConsumerDefinition;
  readonly bus: EventBus;
  readonly parked: ParkedEventStore | undefined;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly limits: ConsumerLimits;
  readonly observer: ConsumerObserver;
}
