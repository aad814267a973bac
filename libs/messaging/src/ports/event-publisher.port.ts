import type { NewEvent } from './event.port.js';

/** Publishes without a transaction: for lossy events, and for workers, which have no database. Rejects as a whole. */
export interface EventPublisher {
  publish(events: readonly NewEvent[]): Promise<void>;
}
