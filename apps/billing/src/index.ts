export { billingModule, type BillingUseCases } from './billing.module.js';
export { startBilling, type BillingOptions } from './start-billing.js';
