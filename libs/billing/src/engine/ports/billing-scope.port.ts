import type { TransactionScope } from '@millrace/messaging/ports';
import type { BillingLocks } from './billing-locks.port.js';
import type { ChargeStore } from './charge-store.port.js';
import type { ClosureStore } from './closure-store.port.js';
import type { LedgerStore } from './ledger-store.port.js';
import type { PriceBookStore } from './price-book-store.port.js';
import type { SegmentStore } from './segment-store.port.js';

/** The stores that one billing transaction writes. */
export interface BillingStores {
  readonly locks: BillingLocks;
  readonly segments: SegmentStore;
  readonly prices: PriceBookStore;
  readonly closures: ClosureStore;
  readonly ledger: LedgerStore;
  readonly charges: ChargeStore;
}

export type BillingScope = BillingStores & TransactionScope;
