import type { ErrorKind } from '@millrace/kernel';
import { z } from 'zod';
import { ERROR_CATALOGUE, type ErrorCode } from '../error-catalogue.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

const STATUS_BY_KIND: Readonly<Record<ErrorKind, number>> = {
  validation: 422,
  'not-found': 404,
  conflict: 409,
  precondition: 412,
  unauthorized: 401,
  forbidden: 403,
  limited: 429,
  unavailable: 503,
  internal: 500,
};

/** Codes that HTTP has a status of its own for. */
const STATUS_BY_CODE: Readonly<Partial<Record<ErrorCode, number>>> = {
  malformed_json: 400,
  unsupported_media_type: 415,
  body_too_large: 413,
  method_not_allowed: 405,
  range_not_satisfiable: 416,
  artifact_expired: 410,
};

/** The HTTP status of a problem: by its code where HTTP has one for it, else by its kind. */
export function statusOfProblem(code: string, kind: ErrorKind): number {
  return STATUS_BY_CODE[code as ErrorCode] ?? STATUS_BY_KIND[kind];
}

/** `type` of a problem: the page of the docs that explains the code. */
export function problemType(code: string): string {
  return `/docs/errors#${code}`;
}

/** A code the catalogue knows, or `internal_error` for one it doesn't: clients see closed codes only. */
export function knownErrorCode(code: string): ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, code) ? (code as ErrorCode) : 'internal_error';
}

/** An error as every route answers it (RFC 9457 with members of our own). */
export const problem = z
  .object({
    type: z.string().describe('Page of the docs that explains the code'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('A sentence that says what to do'),
    instance: z.string().describe('Path of the request'),
    code: z.enum(Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]]),
    retryable: z.boolean(),
    trace_id: z.string().optional(),
    errors: z
      .array(
        z.object({ pointer: z.string().describe('JSON pointer (RFC 6901) into the request'), message: z.string() }),
      )
      .optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;
