export { billingStoresConformance, type StoresUnderTest } from './billing-stores-conformance.js';
export { checkHistory } from './check-histories.js';
export { aSegment, capacity, closed, G5_PRICE, lost, ownTime, TASK, testId, usage, type BillingFact } from './facts.js';
export { billingUseCases, booksOf, createFakeBilling, type BillingUseCases, type FakeBilling } from './fake-billing.js';
export { createInMemoryBilling, type BillingState, type InMemoryBilling } from './in-memory-stores.js';
export { ledgerDigest } from './ledger-digest.js';
export { randomHistory, shuffledWithDuplicates, type History } from './random-history.js';
