import { uuidv5, type NanoDollars } from '@millrace/kernel';
import { RULE_VERSION } from './attribution-rules.js';

/** Accounts of the ledger (guarantees.md section 2). */
export const account = {
  /** What instances cost. Its balance is negative: the source of all money and time. */
  provider: (pool: string) => `provider:${pool}`,
  /** Rated work of a task whose attempt has not been closed. */
  pending: (taskId: string) => `pending:${taskId}`,
  tenant: (tenantId: string, costCentre: string) => `tenant:${tenantId}:${costCentre}`,
  idle: (pool: string) => `idle:${pool}`,
  overhead: (pool: string) => `overhead:${pool}`,
  lossPreemption: 'loss:preemption',
  lossPlatform: 'loss:platform',
  rounding: 'rounding',
} as const;

/** One line of an entry: debit positive, credit negative, in money and in GPU time. */
export interface Line {
  readonly account: string;
  readonly amount: NanoDollars;
  readonly gpuMs: number;
}

export const ENTRY_KINDS = ['rate', 'settle', 'close'] as const;
/** rate: provider → pending, idle or overhead. settle: pending → who bears it. close: what is left of an instance. */
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** A balanced set of lines, never changed. A correction is a reversing entry and a new one. */
export interface Entry {
  /** Hash of subject, kind, rule version and revision: the same posting made twice is one posting. */
  readonly entryId: string;
  readonly kind: EntryKind;
  /** A segment id, or `<instance>/<gpu>` for a `close`. */
  readonly subject: string;
  readonly revision: number;
  readonly ruleVersion: number;
  /** The entry that this one takes back. */
  readonly reverses: string | undefined;
  readonly lines: readonly Line[];
}

/** What the ledger says now of one subject and kind. Revision 0: never posted. */
export interface Standing {
  readonly revision: number;
  readonly ruleVersion: number;
  readonly lines: readonly Line[];
}

export const NOT_POSTED: Standing = { revision: 0, ruleVersion: RULE_VERSION, lines: [] };

const POSTING_NAMESPACE = '5b0a7d0e-6c1f-5f0e-9d43-2f6a8c1b7e90';

export interface Reconciliation {
  readonly entries: readonly Entry[];
  readonly standing: Standing;
}

/** The entries that bring a subject from what the ledger says to what it should say. None when that is the same. */
export function reconcile(
  kind: EntryKind,
  subject: string,
  standing: Standing,
  wanted: readonly Line[],
): Reconciliation {
  const lines = wanted.filter(({ amount, gpuMs }) => amount !== 0n || gpuMs !== 0);
  if (sameLines(standing.lines, lines)) return { entries: [], standing };
  const entries: Entry[] = [];
  if (standing.lines.length > 0) entries.push(reversal(kind, subject, standing));
  if (lines.length === 0) return { entries, standing: { ...standing, lines } };
  const next: Standing = { revision: standing.revision + 1, ruleVersion: RULE_VERSION, lines };
  entries.push({ entryId: entryId(kind, subject, next), kind, subject, ...next, reverses: undefined });
  return { entries, standing: next };
}

function reversal(kind: EntryKind, subject: string, standing: Standing): Entry {
  const reversed = entryId(kind, subject, standing);
  return {
    entryId: uuidv5(POSTING_NAMESPACE, `${reversed}/reversal`),
    kind,
    subject,
    revision: standing.revision,
    ruleVersion: standing.ruleVersion,
    reverses: reversed,
    lines: standing.lines.map((line) => ({ account: line.account, amount: -line.amount, gpuMs: -line.gpuMs })),
  };
}

function entryId(kind: EntryKind, subject: string, { revision, ruleVersion }: Standing): string {
  return uuidv5(POSTING_NAMESPACE, `${subject}/${kind}/${ruleVersion}/${revision}`);
}

function sameLines(a: readonly Line[], b: readonly Line[]): boolean {
  return (
    a.length === b.length &&
    a.every((line, i) => {
      const other = b[i];
      return line.account === other?.account && line.amount === other.amount && line.gpuMs === other.gpuMs;
    })
  );
}

/** Balance of each account over some lines; accounts at zero are left out. */
export function balances(
  lines: Iterable<Line>,
): ReadonlyMap<string, { readonly amount: NanoDollars; readonly gpuMs: number }> {
  const sums = new Map<string, { amount: NanoDollars; gpuMs: number }>();
  for (const line of lines) {
    const sum = sums.get(line.account) ?? { amount: 0n, gpuMs: 0 };
    sums.set(line.account, { amount: sum.amount + line.amount, gpuMs: sum.gpuMs + line.gpuMs });
  }
  for (const [name, { amount, gpuMs }] of sums) if (amount === 0n && gpuMs === 0) sums.delete(name);
  return sums;
}
