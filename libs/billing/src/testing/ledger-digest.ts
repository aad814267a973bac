import { createHash } from 'node:crypto';
import { balances, type Entry } from '../domain/ledger.js';

/** SHA-256 of what the ledger says: the balance of each account by subject and kind. Equal digests: equal books. */
export function ledgerDigest(entries: readonly Entry[]): string {
  const bySubject = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = `${entry.subject}/${entry.kind}`;
    const known = bySubject.get(key);
    if (known === undefined) bySubject.set(key, [entry]);
    else known.push(entry);
  }
  const lines = [...bySubject].flatMap(([key, of]) =>
    [...balances(of.flatMap((entry) => entry.lines))].map(
      ([account, { amount, gpuMs }]) => `${key} ${account} ${amount} ${gpuMs}`,
    ),
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}
