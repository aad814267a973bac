/** What the caller wrote can't be run. The message is one line that names it and says what to do; the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
