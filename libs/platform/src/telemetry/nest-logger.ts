import type { LoggerService } from '@nestjs/common';
import { messageOf, type Logger } from '@millrace/kernel';

/** Nest's own messages through our logger; what Nest says of its start is noise and goes to debug. */
export function createNestLogger(logger: Logger): LoggerService {
  const text = (message: unknown): string => (typeof message === 'string' ? message : messageOf(message));
  return {
    log: (message: unknown) => logger.debug(text(message)),
    debug: (message: unknown) => logger.debug(text(message)),
    verbose: (message: unknown) => logger.debug(text(message)),
    warn: (message: unknown) => logger.warn(text(message)),
    error: (message: unknown, stack?: unknown) => logger.error(text(message), { stack }),
    fatal: (message: unknown) => logger.error(text(message)),
  };
}
