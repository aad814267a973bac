import type { IncomingRecord } from '../ports/event-bus.port.js';
import type { ReceivedEvent } from '../ports/event.port.js';
import { deadLetterEvent } from './dead-letter-event.js';
import { decodeEvent } from './decode-event.js';

const DEAD_LETTER_SUFFIX = '.dlq';

/** Whether a topic holds dead letters: what is wrong with them is known, and no consumer can make them dead again. */
export function holdsDeadLetters(topic: string): boolean {
  return topic.endsWith(DEAD_LETTER_SUFFIX);
}

/** Reads a record of any topic. Throws as `decodeEvent` does; of a dead-letter topic, every record can be read. */
export function decodeRecord(record: IncomingRecord): ReceivedEvent {
  return holdsDeadLetters(record.topic) ? deadLetterEvent(record) : decodeEvent(record);
}
