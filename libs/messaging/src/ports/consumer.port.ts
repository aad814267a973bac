import type { TopicName, deadLetterTopic } from '@millrace/contracts';
import type { ReceivedEvent } from './event.port.js';
import type { HandlerResult } from './handler-result.js';

/** What a service declares: which topics it reads, as whom, and what it does with a batch. */
export interface ConsumerDefinition {
  /** Group on the bus and name in the inbox, metrics and logs: `<service>.<purpose>`. */
  readonly group: string;
  /** Of a dead-letter topic, events are dead letters (`isDeadLetter`). */
  readonly topics: readonly (TopicName | ReturnType<typeof deadLetterTopic>)[];
  readonly from: 'committed' | 'end';
  /**
   * Applies a batch: events of one or several keys, in order within each key, each key at most in one running batch.
   * Returns one result per event, same order. A throw counts for all: the runtime then tries the events one by one.
   */
  handle(batch: readonly ReceivedEvent[], context: { readonly signal: AbortSignal }): Promise<readonly HandlerResult[]>;
}

export interface RunningConsumer {
  readonly ready: Promise<void>;
  /** Messages behind, and the age in ms of the oldest record not yet done. */
  lag(): Promise<{ readonly records: number; readonly oldestMs: number }>;
  /** Stops fetching, drains at most `drainMs` (25 s), commits, leaves the group. */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

/** Starts consumers over a bus, with the delivery rules of guarantees.md section 1. */
export interface ConsumerRuntime {
  start(definition: ConsumerDefinition): Promise<RunningConsumer>;
}
