import type { EventData, EventDefinition } from '@millrace/contracts';
import { seededRng, uuidv7 } from '@millrace/kernel';
import type { ReceivedEvent } from '../ports/event.port.js';

/** The ids of built events count up, so that two events differ unless a test says otherwise. */
const rng = seededRng(7);
const MADE_AT_MS = 1_767_225_600_000;

/** An event as a consumer gets it: the definition's fixture, with `data` and `overrides` on top. */
export function receivedEvent<Definition extends EventDefinition>(
  definition: Definition,
  data: Partial<EventData<Definition> & object> = {},
  overrides: Partial<Omit<ReceivedEvent, 'data' | 'type'>> = {},
): ReceivedEvent<EventData<Definition>> {
  const merged: EventData<Definition> = { ...(definition.fixture as object), ...data } as EventData<Definition>;
  return {
    id: uuidv7(MADE_AT_MS, rng),
    type: definition.type,
    source: definition.source,
    subject: definition.subject(merged),
    tenantId: fieldOf(merged, 'tenantId', 'string'),
    sequence: fieldOf(merged, 'sequence', 'number'),
    time: '2026-01-01T00:00:00.000Z',
    traceparent: undefined,
    topic: definition.topic,
    key: definition.key(merged),
    data: merged,
    ...overrides,
  };
}

interface FieldTypes {
  readonly string: string;
  readonly number: number;
}

function fieldOf<Type extends keyof FieldTypes>(data: unknown, name: string, type: Type): FieldTypes[Type] | undefined {
  const value = (data as Record<string, unknown>)[name];
  return typeof value === type ? (value as FieldTypes[Type]) : undefined;
}
