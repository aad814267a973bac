import { ERROR_CATALOGUE, knownErrorCode, problemType, statusOfProblem, type Problem } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';

/** Anything thrown as an RFC 9457 problem. What is no AppError is an internal error, and its text stays inside. */
export function toProblem(error: unknown, request: { instance: string; traceId: string | undefined }): Problem {
  const fault = error instanceof AppError ? error : undefined;
  const code = knownErrorCode(fault?.code ?? 'internal_error');
  return {
    type: problemType(code),
    title: ERROR_CATALOGUE[code].title,
    status: statusOfProblem(code, fault?.kind ?? 'internal'),
    detail: fault?.message ?? 'Something went wrong on our side. Try again; if it stays, tell us the trace id.',
    instance: request.instance,
    code,
    retryable: fault?.retriable ?? true,
    ...(request.traceId === undefined ? {} : { trace_id: request.traceId }),
    ...(fault !== undefined && fault.errors.length > 0 ? { errors: [...fault.errors] } : {}),
  };
}
