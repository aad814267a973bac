export { createInMemoryBilling, type BillingState, type InMemoryBilling } from './in-memory-stores.js';
export { ledgerDigest } from './ledger-digest.js';
