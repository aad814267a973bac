/** What the checker asserts (guarantees.md section 6). */
export const ASSERTIONS = [
  'accepted = ended',
  'one terminal state',
  'one task per key',
  'sequence gap-free',
  'epochs fence',
  'cancelled in time',
  'charged once',
  'books',
  'applied once',
  'webhook delivered',
  'signature valid',
  'one tenant',
  'one trace',
  'nothing left',
] as const;
export type Assertion = (typeof ASSERTIONS)[number];

/** A promise that a history breaks. */
export interface Violation {
  readonly assertion: Assertion;
  /** Task, segment, event or endpoint. */
  readonly subject: string;
  readonly detail: string;
}

/** One violation unless `holds`. */
export function expectThat(
  holds: boolean,
  assertion: Assertion,
  subject: string,
  detail: string,
): readonly Violation[] {
  return holds ? [] : [{ assertion, subject, detail }];
}
