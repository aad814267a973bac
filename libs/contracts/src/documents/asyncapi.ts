import type { EventDefinition } from '../define-event.js';
import { EVENTS } from '../events/registry.js';
import { TOPICS, TOPIC_NAMES, type TopicName } from '../topics.js';
import type { JsonSchema } from './json-schema.js';
import { eventSchema } from './event-schema.js';

const VERSION = '1.0.0';

const text = (description: string): JsonSchema => ({ type: 'string', description });

/** CloudEvents 1.0 in binary mode: the attributes are headers of the record. */
const HEADERS: JsonSchema = {
  type: 'object',
  required: ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_time', 'content-type'],
  properties: {
    ce_specversion: { type: 'string', const: '1.0' },
    ce_id: text('UUIDv7, made once: the same on every redelivery'),
    ce_source: text('The service that made it'),
    ce_type: text('io.millrace.<noun>.<verb>.v<major>'),
    ce_time: { type: 'string', format: 'date-time' },
    ce_subject: text('Task id, where the event is about one task'),
    'content-type': { type: 'string', const: 'application/json' },
    tenantid: text('Where a tenant is concerned'),
    sequence: text('Decimal; gap-free per subject, where the event has one'),
    traceparent: text('W3C trace context of the task'),
    tracestate: text('W3C trace state'),
  },
};

/** The AsyncAPI 3.0 document of the bus: a channel per topic, a message per event, with its fixture as example. Pure. */
export function buildAsyncApi(): JsonSchema {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Millrace events',
      version: VERSION,
      description:
        'CloudEvents 1.0 in binary mode on Apache Kafka. At least once; order per key. Read task.lifecycle by `sequence`: apply the last plus one, ignore older ones, hold newer ones.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(TOPIC_NAMES.map((topic) => [topic, channelOf(topic)])),
    operations: Object.fromEntries(TOPIC_NAMES.map((topic) => [`publish.${topic}`, operationOf(topic)])),
    components: {
      messages: Object.fromEntries(EVENTS.map((event) => [event.type, messageOf(event)])),
      schemas: { CloudEventHeaders: HEADERS },
    },
  };
}

function eventsOf(topic: TopicName): readonly EventDefinition[] {
  return EVENTS.filter((event) => event.topic === topic);
}

function channelOf(topic: TopicName): JsonSchema {
  const { description, key, retentionMs, lossy } = TOPICS[topic];
  return {
    address: topic,
    description: `${description} Keyed by ${key}. Kept ${retentionMs / 3_600_000} h.${lossy ? ' Lossy: the newest value counts.' : ''}`,
    messages: Object.fromEntries(eventsOf(topic).map(({ type }) => [type, { $ref: `#/components/messages/${type}` }])),
  };
}

function operationOf(topic: TopicName): JsonSchema {
  return {
    action: 'send',
    channel: { $ref: `#/channels/${topic}` },
    summary: `Made by ${TOPICS[topic].producers.join(' and ')}`,
    messages: eventsOf(topic).map(({ type }) => ({ $ref: `#/channels/${topic}/messages/${type}` })),
  };
}

function messageOf(event: EventDefinition): JsonSchema {
  const subject = event.subject(event.fixture);
  return {
    name: event.type,
    contentType: 'application/json',
    headers: { $ref: '#/components/schemas/CloudEventHeaders' },
    payload: eventSchema(event),
    examples: [
      {
        name: 'fixture',
        headers: {
          ce_specversion: '1.0',
          ce_id: '01890a5d-ac96-774b-bcce-b302099a80ff',
          ce_source: event.source,
          ce_type: event.type,
          ce_time: '2026-01-01T00:00:00.000Z',
          'content-type': 'application/json',
          ...(subject === undefined ? {} : { ce_subject: subject }),
        },
        payload: event.fixture,
      },
    ],
  };
}
