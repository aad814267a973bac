import type { DeadLetter, DeadLetterCourier } from '@millrace/intake/ports';
import { resolutionRecord } from '@millrace/messaging';
import type { EventBus } from '@millrace/messaging/ports';

/**
 * Tells the group that failed through the topic the record came from: key and partition are the record's, so the
 * member that owns the key hears it, after a restart too. Other groups pass it over.
 */
export function createDeadLetterCourier(bus: EventBus): DeadLetterCourier {
  return {
    tell: (letters, resolution) =>
      bus.publish(
        letters.map((letter) =>
          resolutionRecord(recordOf(letter), { group: letter.group, resolution, position: positionOf(letter) }),
        ),
      ),
  };
}

function recordOf({ topic, key, headers, payload }: DeadLetter) {
  return { topic, key, headers, value: payload };
}

function positionOf({ topic, partition, offset }: DeadLetter) {
  return { topic, partition, offset };
}
