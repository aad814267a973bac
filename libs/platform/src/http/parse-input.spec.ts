import { describe, expect, it } from '@jest/globals';
import { defineRoute } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { z } from 'zod';
import { parseInput } from './parse-input.js';

const ROUTE = defineRoute({
  operationId: 'x',
  method: 'POST',
  path: '/x/{id}',
  tag: 'x',
  summary: 'x',
  service: 'gateway',
  access: 'public',
  request: {
    params: z.object({ id: z.string().min(3, 'give at least three letters') }),
    body: z.strictObject({
      prompt: z.string('say what to make'),
      nested: z.strictObject({ n: z.number() }).optional(),
    }),
  },
  responses: { 200: { description: 'x' } },
});
const faultsOf = (raw: { params?: unknown; body?: unknown }): unknown => {
  try {
    parseInput(ROUTE, { params: { id: 'abc' }, query: {}, headers: {}, body: {}, ...raw });
  } catch (error) {
    return error instanceof AppError ? error.errors : error;
  }
  return [];
};

describe('parseInput', () => {
  it('tells all faults of all parts, each with its pointer', () => {
    expect(faultsOf({ params: { id: 'a' }, body: { promt: 'x' } })).toEqual([
      { pointer: '/path/id', message: 'give at least three letters' },
      { pointer: '/prompt', message: 'say what to make' },
      { pointer: '/promt', message: 'there is no field "promt" here: remove it.' },
    ]);
  });

  it('points into nested objects', () => {
    expect(faultsOf({ body: { prompt: 'x', nested: { n: 'y' } } })).toMatchObject([{ pointer: '/nested/n' }]);
  });

  it('gives the validated parts', () => {
    expect(parseInput(ROUTE, { params: { id: 'abc' }, query: {}, headers: {}, body: { prompt: 'x' } })).toEqual({
      params: { id: 'abc' },
      query: undefined,
      headers: undefined,
      body: { prompt: 'x' },
    });
  });
});
