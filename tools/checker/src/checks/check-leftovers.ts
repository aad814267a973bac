import type { History } from '../history.js';
import { expectThat, type Violation } from '../violation.js';

/** A run that came to rest leaves no lease, no unpublished row, no record set aside, no dead letter. */
export function checkLeftovers({ leftovers }: History): readonly Violation[] {
  const { leases, outbox, deadLetters, parked } = leftovers;
  return [
    ...leases.map((taskId): Violation => ({ assertion: 'nothing left', subject: taskId, detail: 'a live lease' })),
    ...Object.entries(outbox).flatMap(([service, rows]) =>
      expectThat(rows === 0, 'nothing left', service, `${rows} outbox rows are not published`),
    ),
    ...expectThat(deadLetters === 0, 'nothing left', 'dead letters', `${deadLetters} records`),
    ...expectThat(parked === 0, 'nothing left', 'parked events', `${parked} records`),
  ];
}
