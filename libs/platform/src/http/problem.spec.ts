import { describe, expect, it } from '@jest/globals';
import { AppError } from '@millrace/kernel';
import { toProblem } from './problem.js';

const REQUEST = { instance: '/api/v1/generate', traceId: 'a'.repeat(32) };

describe('toProblem (RFC 9457)', () => {
  it.each([
    ['image_required', 'validation', 422],
    ['malformed_json', 'validation', 400],
    ['unsupported_media_type', 'validation', 415],
    ['artifact_expired', 'precondition', 410],
    ['task_not_found', 'not-found', 404],
    ['task_not_terminal', 'conflict', 409],
    ['rate_limited', 'limited', 429],
    ['service_unavailable', 'unavailable', 503],
  ] as const)('%s is %i', (code, kind, status) => {
    expect(toProblem(new AppError({ kind, code, message: 'Do this.' }), REQUEST)).toMatchObject({
      code,
      status,
      detail: 'Do this.',
      instance: '/api/v1/generate',
      trace_id: REQUEST.traceId,
    });
  });

  it('lists the faulty fields', () => {
    const error = new AppError({
      kind: 'validation',
      code: 'validation_failed',
      message: 'x',
      errors: [{ pointer: '/prompt', message: 'shorten it' }],
    });
    expect(toProblem(error, REQUEST).errors).toEqual([{ pointer: '/prompt', message: 'shorten it' }]);
  });

  it('keeps the text of an unexpected error inside', () => {
    const problem = toProblem(new Error('password=hunter2 at /srv/x.js:3'), REQUEST);
    expect(problem.status).toBe(500);
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });
});
