import { describe, expect, it } from '@jest/globals';
import { EVENTS, taskAssigned, taskQueued, workerHeartbeat } from '@millrace/contracts';
import { seededRng, uuidv7, VirtualClock } from '@millrace/kernel';
import { newEvent, type IncomingRecord, type NewEvent, type OutgoingRecord } from '../ports/index.js';
import { decodeEvent } from './decode-event.js';
import { EventStamper } from './event-stamper.js';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function stamper(active?: string): EventStamper {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const ids = { next: () => uuidv7(clock.now(), rng) };
  return new EventStamper({ clock, ids, tracer: { activeTraceparent: () => active } });
}

function received(record: OutgoingRecord, overrides: Partial<IncomingRecord> = {}): IncomingRecord {
  return { ...record, partition: 0, offset: 0n, appendedAt: 0, ...overrides };
}

function stampOne(event: NewEvent, active?: string): OutgoingRecord {
  const [record] = stamper(active).stamp([event]);
  if (record === undefined) throw new Error('one event gives one record');
  return record;
}

const queued = newEvent(taskQueued, taskQueued.fixture, { tenantId: 'acme', sequence: 1, traceparent: TRACEPARENT });

describe('event codec (guarantees.md section 1, CloudEvents 1.0 binary mode)', () => {
  it('writes the attributes into headers and JSON into the value', () => {
    const record = stampOne({ ...queued, tracestate: 'vendor=1' });
    expect(record.topic).toBe('task.lifecycle');
    expect(record.key).toBe(taskQueued.fixture.taskId);
    expect(record.headers).toEqual({
      ce_specversion: '1.0',
      ce_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      ce_source: 'scheduler',
      ce_type: 'io.millrace.task.queued.v1',
      ce_time: '2026-01-01T00:00:00.000Z',
      ce_subject: taskQueued.fixture.taskId,
      'content-type': 'application/json',
      traceparent: TRACEPARENT,
      tracestate: 'vendor=1',
      tenantid: 'acme',
      sequence: '1',
    });
    expect(JSON.parse(new TextDecoder().decode(record.value))).toEqual(taskQueued.fixture);
  });

  it.each(EVENTS.map((definition) => [definition.type, definition] as const))(
    'brings %s back as it was',
    (_, definition) => {
      const event = decodeEvent(received(stampOne({ definition, data: definition.fixture, tenantId: 'acme' })));
      expect(event).toMatchObject({ type: definition.type, source: definition.source, tenantId: 'acme' });
      expect(event.data).toEqual(definition.fixture);
      expect(event.subject).toBe(definition.subject(definition.fixture));
    },
  );

  it('gives every event an id of its own, also within one call', () => {
    const ids = stamper()
      .stamp([queued, queued])
      .map(({ headers }) => headers['ce_id']);
    expect(new Set(ids).size).toBe(2);
  });

  it('takes the active trace where the event names none, and no header where there is neither', () => {
    const heartbeat = newEvent(workerHeartbeat, workerHeartbeat.fixture);
    expect(stampOne(heartbeat, TRACEPARENT).headers['traceparent']).toBe(TRACEPARENT);
    const headers = stampOne(heartbeat).headers;
    for (const name of ['traceparent', 'tracestate', 'tenantid', 'sequence']) expect(headers).not.toHaveProperty(name);
  });

  it('refuses to write what does not match the schema, and drops what the schema does not know', () => {
    const broken = { ...queued, data: { ...taskQueued.fixture, sequence: 'one' } };
    expect(() => stampOne(broken)).toThrow(expect.objectContaining({ code: 'event_schema_mismatch' }));
    const more = stampOne({ ...queued, data: { ...taskQueued.fixture, secret: 'x' } });
    expect(new TextDecoder().decode(more.value)).not.toContain('secret');
  });

  it.each<readonly [string, string, Partial<IncomingRecord>, Readonly<Record<string, string>>]>([
    ['another CloudEvents version', 'event_malformed', {}, { ce_specversion: '0.3' }],
    ['no id', 'event_malformed', {}, { ce_id: '' }],
    ['no type', 'event_malformed', {}, { ce_type: '' }],
    ['a sequence that is no number', 'event_malformed', {}, { sequence: '1.5' }],
    ['a value that is no JSON', 'event_malformed', { value: Uint8Array.from([123]) }, {}],
    ['a value that is no UTF-8', 'event_malformed', { value: Uint8Array.from([34, 255, 34]) }, {}],
    ['an unknown type', 'event_type_unknown', {}, { ce_type: 'io.millrace.task.queued.v2' }],
    ['a type of another topic', 'event_type_unknown', {}, { ce_type: taskAssigned.type }],
    ['data of another shape', 'event_schema_mismatch', { value: new TextEncoder().encode('{"taskId":1}') }, {}],
    ['data that are no object', 'event_schema_mismatch', { value: new TextEncoder().encode('null') }, {}],
  ])('refuses %s with %s', (_, code, overrides, headers) => {
    const record = stampOne(queued);
    const incoming = received({ ...record, headers: { ...record.headers, ...headers } }, overrides);
    expect(() => decodeEvent(incoming)).toThrow(
      expect.objectContaining({ name: 'AppError', kind: 'validation', code }),
    );
  });
});
