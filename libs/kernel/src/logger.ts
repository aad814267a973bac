/** Structured log fields; values are JSON. Keys, secrets and prompts never go in. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the code says what it does. Production: JSON lines with trace ids. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
