import { describe, expect, it } from '@jest/globals';
import { parseEvent } from '../define-event.js';
import { TOPICS, TOPIC_NAMES } from '../topics.js';
import { EVENTS, eventOfType } from './registry.js';

describe('events', () => {
  it.each(EVENTS.map((event) => [event.type, event] as const))(
    '%s: its fixture matches its schema, and has a key',
    (_type, event) => {
      const parsed = parseEvent(event, event.fixture);
      expect(parsed).toEqual(event.fixture);
      expect(event.key(parsed)).toMatch(/./);
    },
  );

  it.each(EVENTS.map((event) => [event.type, event] as const))(
    '%s: is made by a producer of its topic, and has a subject where the key is the task',
    (_type, event) => {
      const topic = TOPICS[event.topic];
      expect(topic.producers).toContain(event.source);
      if (topic.key === 'task') expect(event.subject(event.fixture)).toBe(event.key(event.fixture));
    },
  );

  it('have types of their own, of the form io.millrace.<noun>.<verb>.v<major>', () => {
    expect(new Set(EVENTS.map((event) => event.type)).size).toBe(EVENTS.length);
    for (const { type } of EVENTS) expect(type).toMatch(/^io\.millrace\.[a-z-]+\.[a-z-]+\.v\d+$/);
    expect(eventOfType('io.millrace.nothing.v1')).toBeUndefined();
  });

  it('fill every topic', () => {
    expect(TOPIC_NAMES.filter((topic) => !EVENTS.some((event) => event.topic === topic))).toEqual([]);
  });

  it('ignore fields they do not know, and refuse data that lack one', () => {
    const event = EVENTS[0]!;
    expect(parseEvent(event, { ...(event.fixture as object), later: 1 })).toEqual(event.fixture);
    expect(() => parseEvent(event, {})).toThrow(/does not match its schema/);
  });
});
