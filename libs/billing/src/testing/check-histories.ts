import { seededRng } from '@millrace/kernel';
import { finalClosure } from '../domain/attribution-rules.js';
import { checkBalance, checkShares, checkTime } from '../domain/invariants.js';
import { account, balances } from '../domain/ledger.js';
import { createFakeBilling, type FakeBilling } from './fake-billing.js';
import { ledgerDigest } from './ledger-digest.js';
import { randomHistory, shuffledWithDuplicates, type History } from './random-history.js';

/** Duplicates with new event ids get past the inbox: only the natural keys of the facts stop them (P11). */
function redelivered(history: History['facts'], run: string): History['facts'] {
  return history.map((fact) => ({ ...fact, event: { ...fact.event, id: `${fact.event.id}-${run}` } }) as typeof fact);
}

/**
 * Plays the history of one seed in order, shuffled with duplicates, and again from the start, and returns what is
 * wrong: a broken I1, I2 or I3, unequal books, a second charge, a task left pending, a tenant billed for more than
 * the oracle's time. Empty: sound (P10, P11, P13).
 */
export async function checkHistory(seed: number): Promise<readonly string[]> {
  const rng = seededRng(seed);
  const history = randomHistory(rng, `h${seed}`);
  const inOrder = createFakeBilling();
  await inOrder.apply(history.facts);
  const shuffled = createFakeBilling();
  await shuffled.apply(shuffledWithDuplicates(history.facts, rng));
  const digest = ledgerDigest([...shuffled.state.entries.values()]);
  const faults = [...faultsOf(inOrder, history), ...faultsOf(shuffled, history)];
  if (digest !== ledgerDigest([...inOrder.state.entries.values()])) faults.push('another order gave other books');
  const posted = shuffled.state.entries.size;
  await shuffled.apply(redelivered(history.facts, 'again'));
  if (shuffled.state.entries.size !== posted) faults.push('a replay posted something');
  return faults.map((fault) => `seed ${seed}: ${fault}`);
}

function faultsOf(billing: FakeBilling, history: History): string[] {
  const books = billing.books();
  const violations = [...checkTime(books), ...checkBalance(books), ...checkShares(books)];
  return [
    ...violations.map(({ invariant, subject, detail }) => `${invariant} ${subject}: ${detail}`),
    ...chargeFaults(billing),
    ...balanceFaults(billing, history),
  ];
}

function chargeFaults({ published, state }: FakeBilling): string[] {
  const tasks = new Set([...state.closures.values()].map(({ taskId }) => taskId));
  const charged = published.map(({ data }) => (data as { readonly taskId: string }).taskId);
  return [...tasks].flatMap((taskId) => {
    const times = charged.filter((id) => id === taskId).length;
    return times === 1 ? [] : [`task ${taskId} was charged ${times} times`];
  });
}

function balanceFaults({ state, published }: FakeBilling, { owedGpuMs, contested }: History): string[] {
  const closures = [...state.closures.values()];
  const entries = [...state.entries.values()];
  return [...new Set(closures.map(({ taskId }) => taskId))].flatMap((taskId) => {
    const sums = balances(
      entries.filter(({ context }) => context.work?.taskId === taskId).flatMap(({ lines }) => lines),
    );
    const bill = sums.get(account.tenant('acme', 'default')) ?? { amount: 0n, gpuMs: 0 };
    const event = published.find(({ data }) => (data as { readonly taskId: string }).taskId === taskId);
    const sent = event?.data as { readonly billedGpuMs: number } | undefined;
    const faults: string[] = [];
    if (finalClosure(closures.filter((each) => each.taskId === taskId)) === undefined) faults.push('has no end');
    if (sums.has(account.pending(taskId))) faults.push('is still pending');
    if (bill.gpuMs > (owedGpuMs.get(taskId) ?? 0)) faults.push(`was billed for ${bill.gpuMs} ms`);
    const sentMs = sent?.billedGpuMs ?? 0;
    if (contested ? bill.gpuMs > sentMs : bill.gpuMs !== sentMs)
      faults.push(`was charged for ${sentMs} ms, the ledger says ${bill.gpuMs}`);
    return faults.map((fault) => `task ${taskId} ${fault}`);
  });
}
