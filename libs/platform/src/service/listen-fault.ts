import { AppError } from '@millrace/kernel';

/** A failure to listen, as a sentence that says what to do; anything else unchanged. */
export function listenFault(error: unknown, address: { host: string; port: number; variable: string }): unknown {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error;
  const why = code === 'EADDRINUSE' ? 'is in use' : 'may not be used by this user';
  return new AppError({
    kind: 'conflict',
    code: 'setting_invalid',
    message: `port ${address.port} on ${address.host} ${why}: set ${address.variable} to another port`,
    cause: error,
  });
}
