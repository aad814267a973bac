import { ERROR_CATALOGUE, type ErrorDescription } from '@millrace/contracts';
import { AppError, type ErrorKind } from '@millrace/kernel';

const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
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

/** Codes whose HTTP status is more exact than that of their kind. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  malformed_json: 400,
  unsupported_media_type: 415,
  body_too_large: 413,
  method_not_allowed: 405,
  artifact_expired: 410,
  range_not_satisfiable: 416,
};

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly retryable: boolean;
  readonly trace_id?: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

/** Anything thrown as an RFC 9457 problem. What is no AppError is an internal error, and its text stays inside. */
export function toProblem(error: unknown, request: { instance: string; traceId: string | undefined }): Problem {
  const fault = error instanceof AppError ? error : undefined;
  const kind = fault?.kind ?? 'internal';
  const code = fault?.code ?? 'internal_error';
  const description = (ERROR_CATALOGUE as Readonly<Record<string, ErrorDescription>>)[code];
  return {
    type: `/docs/errors#${code}`,
    title: description?.title ?? code,
    status: STATUS_OF_CODE[code] ?? STATUS_OF_KIND[kind],
    detail: fault?.message ?? 'Something went wrong on our side. Try again; if it stays, tell us the trace id.',
    instance: request.instance,
    code,
    retryable: fault?.retriable ?? true,
    ...(request.traceId === undefined ? {} : { trace_id: request.traceId }),
    ...(fault !== undefined && fault.errors.length > 0 ? { errors: fault.errors } : {}),
  };
}
