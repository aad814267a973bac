import type { History } from '../history.js';
import { expectThat, type Violation } from '../violation.js';

/** P2: all answers to one idempotency key of a tenant name the same task, and no two keys share one. */
export function checkKeys(history: History): readonly Violation[] {
  const keyed = history.submissions.filter(({ idempotencyKey }) => idempotencyKey !== undefined);
  const byKey = Map.groupBy(keyed, ({ tenantId, idempotencyKey }) => `${tenantId}/${idempotencyKey}`);
  const idsOf = new Map([...byKey].map(([key, all]) => [key, new Set(all.flatMap(({ acceptedIds }) => acceptedIds))]));
  const owners = new Map<string, string>();
  return [...idsOf].flatMap(([key, ids]) => [
    ...expectThat(ids.size <= 1, 'one task per key', key, `names ${ids.size} tasks: ${[...ids].join(', ')}`),
    ...[...ids].flatMap((id) => {
      const other = owners.get(id);
      owners.set(id, key);
      return expectThat(other === undefined, 'one task per key', key, `shares task ${id} with ${other}`);
    }),
  ]);
}
