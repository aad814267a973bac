import type { EventDefinition } from '../define-event.js';
import { toJsonSchema, type JsonSchema } from './json-schema.js';

/** An event's schema as it is published: open, in draft-07. */
export function eventSchema(event: EventDefinition): JsonSchema {
  return toJsonSchema(event.schema, { io: 'output', target: 'draft-7' });
}
