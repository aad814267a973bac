import type { Assigner, PartitionAssigner } from 'kafkajs';
import kafkajs from 'kafkajs';
import ConsumerGroup, { type ConsumerGroupState } from 'kafkajs/src/consumer/consumerGroup.js';
import RequestQueue, { type RequestQueueState } from 'kafkajs/src/network/requestQueue/index.js';
import { invariant, systemClock } from '@millrace/kernel';

const BEFORE_JOIN = Symbol('millrace.beforeJoin');
const MENDED = Symbol.for('millrace.kafkajs-mended');

/** Called before a member joins its group, first or again. `heartbeat` keeps the membership alive while it waits. */
export type BeforeJoin = (heartbeat: () => Promise<void>) => Promise<void>;

/**
 * Changes two methods of kafkajs 2.2.4, once per process:
 *
 * 1. `RequestQueue.scheduleCheckPendingRequests` sets a timer after each answer even with nothing pending and no
 *    throttling; the timer finds nothing, and sets itself anew every millisecond for ever. Without work it now sets none.
 *    Figures: docs of the adapter (README.md).
 * 2. `ConsumerGroup.joinAndSync` gives its partitions back without a word. It now waits for the subscription first, so
 *    that what is in hand is finished and committed under the old generation.
 */
export function mendKafkajs(): void {
  const queue = RequestQueue.prototype;
  const group = ConsumerGroup.prototype;
  if (MENDED in queue) return;
  const schedule = queue.scheduleCheckPendingRequests;
  const join = group.joinAndSync;
  invariant(typeof schedule === 'function' && typeof join === 'function', 'kafkajs is 2.2.4, which is pinned');
  Object.defineProperty(queue, MENDED, { value: true });
  queue.scheduleCheckPendingRequests = function mended(this: RequestQueueState): void {
    if (this.pending.length > 0 || this.throttledUntil > systemClock.now()) schedule.call(this);
  };
  group.joinAndSync = async function mended(this: ConsumerGroupState): Promise<void> {
    for (const assigner of this.assigners) {
      if (hasBeforeJoin(assigner)) await assigner[BEFORE_JOIN](() => this.heartbeat({ interval: 0 }));
    }
    return join.call(this);
  };
}

/** kafkajs's round robin, carrying the hook of one subscription to where the group is joined. */
export function assignerWithHook(beforeJoin: BeforeJoin): PartitionAssigner {
  return (config) => Object.assign(kafkajs.PartitionAssigners.roundRobin(config), { [BEFORE_JOIN]: beforeJoin });
}

function hasBeforeJoin(assigner: object): assigner is Assigner & { readonly [BEFORE_JOIN]: BeforeJoin } {
  return BEFORE_JOIN in assigner;
}
