import { checkBooks, type Entry } from '@millrace/billing';
import { taskCharged, taskScheduled, usageRecorded } from '@millrace/contracts';
import type { History } from '../history.js';
import { dataOf, taskHistories } from '../task-history.js';
import { expectThat, type Violation } from '../violation.js';

/** P3, P7, P11: every task that ended and was ever leased is charged once, at what its ledger says; no other is. */
export function checkCharges(history: History): readonly Violation[] {
  const inLedger = tenantCosts(history);
  return [...taskHistories(history).values()].flatMap(({ taskId, charged, ends, lifecycle }) => {
    const rows = history.charges.filter((row) => row.taskId === taskId);
    const costs = dataOf(charged, taskCharged).map(({ cost }) => cost);
    const expected = Math.min(1, ends.length, dataOf(lifecycle, taskScheduled).length);
    const ledger = inLedger.get(taskId) ?? 0n;
    return [
      ...expectThat(costs.length === expected, 'charged once', taskId, `${costs.length} charges were told`),
      ...expectThat(rows.length === expected, 'charged once', taskId, `${rows.length} charges are stored`),
      ...expectThat(
        rows.every(({ cost }) => cost === ledger && costs.every((told) => told === String(cost))),
        'charged once',
        taskId,
        `told ${costs.join(', ')}, stored ${rows.map(({ cost }) => cost).join(', ')}, in the ledger ${ledger}`,
      ),
    ];
  });
}

/** What tenants bear of each task, in nano-dollars. */
function tenantCosts({ books }: History): ReadonlyMap<string, bigint> {
  const taskOf = new Map(books.segments.map(({ segmentId, work }) => [segmentId, work?.taskId]));
  const costs = new Map<string, bigint>();
  for (const { subject, lines } of books.entries) {
    const taskId = taskOf.get(subject);
    if (taskId === undefined) continue;
    for (const line of lines.filter(({ account }) => account.startsWith('tenant:'))) {
      costs.set(taskId, (costs.get(taskId) ?? 0n) + line.amount);
    }
  }
  return costs;
}

/** P10, P11: I1 to I4; each segment that was told of is stored, and taken from its provider once. */
export function checkLedger(history: History): readonly Violation[] {
  const { books, storedSegmentIds } = history;
  const told = dataOf(history.records, usageRecorded).flatMap(({ segments }) => segments);
  const takenMs = providerTime(books.entries);
  return [
    ...checkBooks(books).map(({ invariant, subject, detail }): Violation => ({
      assertion: 'books',
      subject,
      detail: `${invariant}: ${detail}`,
    })),
    ...told.flatMap(({ segmentId }) =>
      expectThat(storedSegmentIds.has(segmentId), 'books', segmentId, 'the segment was told of and is not stored'),
    ),
    ...books.segments.flatMap(({ segmentId, gpuMs }) =>
      expectThat(
        (takenMs.get(segmentId) ?? 0) <= gpuMs,
        'charged once',
        segmentId,
        `${takenMs.get(segmentId)} ms are accounted for a segment of ${gpuMs} ms`,
      ),
    ),
  ];
}

function providerTime(entries: readonly Entry[]): ReadonlyMap<string, number> {
  const taken = new Map<string, number>();
  for (const { subject, lines } of entries) {
    for (const { account, gpuMs } of lines) {
      if (account.startsWith('provider:')) taken.set(subject, (taken.get(subject) ?? 0) - gpuMs);
    }
  }
  return taken;
}
