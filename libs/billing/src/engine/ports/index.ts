export type { BillingLocks } from './billing-locks.port.js';
export type { BillingScope, BillingStores } from './billing-scope.port.js';
export type { ChargeStore } from './charge-store.port.js';
export type { ClosureStore, StoredClosure } from './closure-store.port.js';
export type { CostReader } from './cost-reader.port.js';
export type { ClosingStanding, EntryContext, LedgerStore, PostedEntry } from './ledger-store.port.js';
export type { PriceBookStore } from './price-book-store.port.js';
export type { SegmentStatus, SegmentStore } from './segment-store.port.js';
