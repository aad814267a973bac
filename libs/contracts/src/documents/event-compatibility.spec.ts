import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { incompatibilities } from './event-compatibility.js';
import { toJsonSchema } from './json-schema.js';

const OLDER = {
  id: z.string(),
  count: z.number().int(),
  kind: z.enum(['a', 'b']),
  note: z.string().optional(),
  items: z.array(z.object({ x: z.number() })),
  inner: z.object({ y: z.string().nullable() }),
  tags: z.record(z.string(), z.string()),
};

function compare(newer: z.ZodRawShape): readonly string[] {
  const schema = (shape: z.ZodRawShape) => toJsonSchema(z.object(shape), { io: 'output', target: 'draft-7' });
  return incompatibilities(schema(OLDER), schema(newer));
}

function without(name: keyof typeof OLDER): z.ZodRawShape {
  return Object.fromEntries(Object.entries(OLDER).filter(([key]) => key !== name));
}

describe('incompatibilities (FULL, P25)', () => {
  it.each([
    ['nothing changed', OLDER],
    ['an optional field more', { ...OLDER, more: z.string().optional() }],
    ['an optional field less', without('note')],
    ['another description', { ...OLDER, id: z.string().describe('the id') }],
    [
      'an optional field more, deep inside',
      { ...OLDER, items: z.array(z.object({ x: z.number(), y: z.string().optional() })) },
    ],
  ])('lets pass: %s', (_name, newer) => {
    expect(compare(newer)).toEqual([]);
  });

  it.each([
    ['a required field removed', without('id'), '/id: a required field was removed'],
    [
      'a required field made optional',
      { ...OLDER, id: z.string().optional() },
      '/id: a required field was made optional',
    ],
    ['a required field added', { ...OLDER, more: z.string() }, '/more: a field was added as required'],
    ['an optional field made required', { ...OLDER, note: z.string() }, '/note: a field was made required'],
    ['a type changed', { ...OLDER, id: z.number() }, '/id: type was "string" and is "number"'],
    ['a type changed in an optional field', { ...OLDER, note: z.number().optional() }, '/note: type'],
    ['an enum value added', { ...OLDER, kind: z.enum(['a', 'b', 'c']) }, '/kind: enum'],
    ['an enum value removed', { ...OLDER, kind: z.enum(['a']) }, '/kind: '],
    ['a bound added', { ...OLDER, count: z.number().int().max(9) }, '/count: maximum'],
    ['a pattern added', { ...OLDER, id: z.string().regex(/^x/) }, '/id: pattern'],
    [
      'a required field added deep inside',
      { ...OLDER, items: z.array(z.object({ x: z.number(), y: z.string() })) },
      '/items[]/y: a field was added as required',
    ],
    ['null no longer allowed', { ...OLDER, inner: z.object({ y: z.string() }) }, '/inner/y: '],
    ['another kind of map', { ...OLDER, tags: z.record(z.string(), z.number()) }, '/tags/*: type'],
  ])('catches: %s', (_name, newer, fault) => {
    expect(compare(newer).join('\n')).toContain(fault);
  });
});
