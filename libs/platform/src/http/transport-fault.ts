import { HttpException } from '@nestjs/common';
import { AppError } from '@millrace/kernel';

const BODY_LIMIT_TEXT = '256 KiB';

/** Faults of Fastify and Nest (before a controller is reached) as errors of the catalogue. Others pass unchanged. */
export function fromTransportFault(
  error: unknown,
  request: { method: string; path: string; allowed: readonly string[] },
): unknown {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const status = statusOf(error);
  // First of all: a method that the path does not take has no body that could be wrong.
  if (status !== undefined && status < 500 && isNotAllowed(request)) return notAllowed(request);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || status === 415) {
    return fault('unsupported_media_type', 'Send the body as JSON with the header Content-Type: application/json.');
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || status === 413) {
    return fault('body_too_large', `Keep the body under ${BODY_LIMIT_TEXT}.`);
  }
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return fault('malformed_json', 'The body is empty: send a JSON object.');
  if (error instanceof SyntaxError || (status === 400 && error instanceof Error)) {
    return fault(
      'malformed_json',
      'The body is not valid JSON: send one object, with names and texts in double quotes.',
    );
  }
  if (status === 404) return unknownRoute(request, error);
  return error;
}

function unknownRoute(request: { method: string; path: string; allowed: readonly string[] }, cause: unknown): AppError {
  if (request.allowed.length > 0) return notAllowed(request);
  return new AppError({
    kind: 'not-found',
    code: 'route_not_found',
    message: `There is no ${request.method} ${request.path}: see /openapi.json for what there is.`,
    cause,
  });
}

function isNotAllowed({ method, allowed }: { method: string; allowed: readonly string[] }): boolean {
  return allowed.length > 0 && !allowed.includes(method) && !(method === 'HEAD' && allowed.includes('GET'));
}

function notAllowed({ method, path, allowed }: { method: string; path: string; allowed: readonly string[] }): AppError {
  return fault('method_not_allowed', `${path} takes ${allowed.join(', ')}, not ${method}.`);
}

function fault(code: string, message: string): AppError {
  return new AppError({ kind: 'validation', code, message });
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  return typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : undefined;
}
