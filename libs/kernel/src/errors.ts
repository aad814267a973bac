/** Kinds of failure. The HTTP edge maps each kind to a status once; nothing else in the code knows statuses. */
export const ERROR_KINDS = [
  'validation',
  'not-found',
  'conflict',
  'precondition',
  'unauthorized',
  'forbidden',
  'limited',
  'unavailable',
  'internal',
] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

/** One fault in an input: `pointer` is an RFC 6901 JSON pointer, `message` says what to do. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

export interface AppErrorOptions {
  readonly kind: ErrorKind;
  /** One of the codes of the error catalogue in contracts. */
  readonly code: string;
  /** A sentence that names what to do. Shown to clients. */
  readonly message: string;
  readonly retriable?: boolean;
  readonly retryAfterMs?: number;
  readonly errors?: readonly FieldError[];
  readonly cause?: unknown;
}

/** The one error class that crosses layers. Anything else that is thrown is an internal fault. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly kind: ErrorKind;
  readonly code: string;
  readonly retriable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly errors: readonly FieldError[];

  constructor(options: AppErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = options.kind;
    this.code = options.code;
    this.retriable = options.retriable ?? options.kind === 'unavailable';
    this.retryAfterMs = options.retryAfterMs;
    this.errors = options.errors ?? [];
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
