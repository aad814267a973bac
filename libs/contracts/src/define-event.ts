import { AppError } from '@millrace/kernel';
import type { z } from 'zod';
import type { TopicName } from './topics.js';

/** What an event type is: its name, version, topic, key and shape, with a fixture that every consumer must accept. */
export interface EventDefinition<Schema extends z.ZodType = z.ZodType> {
  /** CloudEvents type, `io.millrace.<noun>.<verb>.v<major>`. */
  readonly type: string;
  readonly topic: TopicName;
  /** CloudEvents source: the service that makes it. */
  readonly source: string;
  readonly schema: Schema;
  /** Kafka key: what order is kept by. */
  readonly key: (data: z.infer<Schema>) => string;
  /** CloudEvents subject: the task id where the event is about one task. */
  readonly subject: (data: z.infer<Schema>) => string | undefined;
  readonly fixture: z.infer<Schema>;
}

export type EventData<Definition extends EventDefinition> = z.infer<Definition['schema']>;

export function defineEvent<Schema extends z.ZodType>(definition: EventDefinition<Schema>): EventDefinition<Schema> {
  return definition;
}

/** Checks `data` against the event's schema, at publish and at consume. Unknown fields are dropped. */
export function parseEvent<Schema extends z.ZodType>(
  definition: EventDefinition<Schema>,
  data: unknown,
): z.infer<Schema> {
  const result = definition.schema.safeParse(data);
  if (result.success) return result.data;
  throw new AppError({
    kind: 'validation',
    code: 'event_schema_mismatch',
    message: `${definition.type} does not match its schema: ${result.error.issues.map((issue) => `/${issue.path.join('/')} ${issue.message}`).join('; ')}`,
    retriable: false,
  });
}
