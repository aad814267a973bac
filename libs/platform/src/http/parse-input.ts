import type { RouteDefinition, RouteInput } from '@millrace/contracts';
import { AppError, type FieldError } from '@millrace/kernel';
import type { z } from 'zod';

interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: unknown;
  readonly body: unknown;
}

/** Validates a request against its route. All faults of all parts are told at once, each with its JSON pointer. */
export function parseInput(route: RouteDefinition, raw: RawInput): RouteInput<RouteDefinition> {
  const faults: FieldError[] = [];
  const part = (name: 'params' | 'query' | 'headers' | 'body', prefix: string): unknown => {
    const schema = route.request[name];
    if (schema === undefined) return undefined;
    const result = schema.safeParse(raw[name] ?? (name === 'body' ? undefined : {}));
    if (result.success) return result.data;
    faults.push(...result.error.issues.flatMap((issue) => toFieldErrors(issue, prefix)));
    return undefined;
  };
  const input = {
    params: part('params', '/path'),
    query: part('query', '/query'),
    headers: part('headers', '/headers'),
    body: part('body', ''),
  };
  if (faults.length > 0) throw inputError(faults);
  return input as RouteInput<RouteDefinition>;
}

function inputError(faults: readonly FieldError[]): AppError {
  const first = faults[0];
  const where = first === undefined || first.pointer === '' ? 'The body' : first.pointer;
  return new AppError({
    kind: 'validation',
    code: 'validation_failed',
    message: sentence(`${where}: ${first?.message ?? 'not valid'}`, faults.length - 1),
    errors: faults,
  });
}

/** Ends in a full stop, whoever wrote it; tells how many more faults there are. */
function sentence(text: string, more: number): string {
  const full = /[.!?]$/.test(text) ? text : `${text}.`;
  return more > 0 ? `${full} (and ${more} more)` : full;
}

function toFieldErrors(issue: z.core.$ZodIssue, prefix: string): FieldError[] {
  const pointer = `${prefix}${issue.path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: `${pointer}/${key}`,
      message: `there is no field "${key}" here: remove it.`,
    }));
  }
  if (pointer === '' && issue.code === 'invalid_type') return [{ pointer, message: 'send one JSON object.' }];
  return [{ pointer, message: issue.message }];
}
