import type { Clock } from '@millrace/kernel';
import { VirtualClock } from '@millrace/kernel';
import type { NewEvent, UnitOfWork } from '@millrace/messaging/ports';
import { createInMemoryUnitOfWork } from '@millrace/messaging/testing';
import { DEFAULT_POLICY, type AttributionPolicy } from '../domain/attribution-rules.js';
import { instanceBook } from '../domain/price-book.js';
import type { Books } from '../domain/invariants.js';
import { ChangeCapacity } from '../engine/change-capacity.js';
import { CloseAttempts } from '../engine/close-attempts.js';
import type { BillingScope } from '../engine/ports/index.js';
import { ReadCosts } from '../engine/read-costs.js';
import { RecordUsage } from '../engine/record-usage.js';
import { SettleBooks } from '../engine/settle-books.js';
import type { BillingFact } from './facts.js';
import { createInMemoryBilling, type BillingState, type InMemoryBilling } from './in-memory-stores.js';

/** The use cases of billing over a unit of work. */
export interface BillingUseCases {
  /** Applies facts in this order, in batches of neighbours of one topic, as the consumers would. */
  apply(facts: readonly BillingFact[]): Promise<void>;
}

export function billingUseCases(
  unitOfWork: UnitOfWork<BillingScope>,
  clock: Clock = new VirtualClock(),
  policy: AttributionPolicy = DEFAULT_POLICY,
): BillingUseCases {
  const books = new SettleBooks(clock, policy);
  const usage = new RecordUsage(unitOfWork, books);
  const closures = new CloseAttempts(unitOfWork, books);
  const capacity = new ChangeCapacity(unitOfWork, books);
  const applyBatch = async (batch: readonly BillingFact[]): Promise<void> => {
    await usage.apply(batch.flatMap((fact) => (fact.kind === 'usage' ? [fact.event] : [])));
    await closures.apply(batch.flatMap((fact) => (fact.kind === 'closed' ? [fact.event] : [])));
    await capacity.apply(batch.flatMap((fact) => (fact.kind === 'capacity' ? [fact.event] : [])));
  };
  return {
    apply: async (facts) => {
      let batch: BillingFact[] = [];
      for (const fact of facts) {
        if (batch[0] !== undefined && batch[0].kind !== fact.kind) {
          await applyBatch(batch);
          batch = [];
        }
        batch.push(fact);
      }
      await applyBatch(batch);
    },
  };
}

export interface FakeBilling extends BillingUseCases, Pick<InMemoryBilling, 'state' | 'reader'> {
  readonly costs: ReadCosts;
  readonly published: readonly NewEvent[];
  failNextCommit(error: Error): void;
  books(): Books;
}

/** Billing as it is, over stores in memory. */
export function createFakeBilling(
  options: { readonly policy?: AttributionPolicy; readonly rollsBack?: boolean } = {},
): FakeBilling {
  const memory = createInMemoryBilling();
  const transactions = createInMemoryUnitOfWork(
    memory.stores,
    options.rollsBack === true ? { snapshot: memory.snapshot } : {},
  );
  return {
    ...billingUseCases(transactions.unitOfWork, new VirtualClock(), options.policy),
    state: memory.state,
    reader: memory.reader,
    costs: new ReadCosts(memory.reader),
    published: transactions.published,
    failNextCommit: (error) => transactions.failNextCommit(error),
    books: () => booksOf(memory.state),
  };
}

/** What the invariants are checked on: segments that were set aside as a whole are left out. */
export function booksOf(state: Readonly<BillingState>): Books {
  const closures = [...state.closures.values()];
  const changes = [...state.changes.values()];
  return {
    closures,
    entries: [...state.entries.values()],
    segments: [...state.segments.values()].filter(
      ({ segmentId }) => state.statuses.get(segmentId)?.state !== 'quarantined',
    ),
    instances: [...new Set(changes.map(({ instanceId }) => instanceId))].flatMap((id) => {
      const ends = closures.filter(({ instanceId }) => instanceId === id).map(({ closedAtMs }) => closedAtMs);
      return (
        instanceBook(
          changes.filter(({ instanceId }) => instanceId === id),
          Math.max(0, ...ends),
        ) ?? []
      );
    }),
  };
}
