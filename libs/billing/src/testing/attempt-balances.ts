import { balances } from '../domain/ledger.js';
import type { AttemptBalance } from '../domain/task-cost.js';
import type { PostedEntry } from '../engine/ports/index.js';

/** Balances by attempt and account, without the provider's side. */
export function balancesByAttempt(entries: readonly PostedEntry[]): readonly AttemptBalance[] {
  const attempts = new Map<string, { readonly attempt: number; readonly epoch: number; readonly of: PostedEntry[] }>();
  for (const entry of entries) {
    const work = entry.context.work;
    if (work === undefined) continue;
    const key = `${work.attempt}/${work.epoch}`;
    const known = attempts.get(key) ?? { attempt: work.attempt, epoch: work.epoch, of: [] };
    known.of.push(entry);
    attempts.set(key, known);
  }
  return [...attempts.values()].flatMap(({ attempt, epoch, of }) =>
    [...balances(of.flatMap(({ lines }) => lines))]
      .filter(([account]) => !account.startsWith('provider:'))
      .map(([account, sum]) => ({ attempt, epoch, account, ...sum })),
  );
}
