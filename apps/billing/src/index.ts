export { billingModule, type BillingUseCases } from './billing.module.js';
export { BILLING_VARIABLES, billingSettings } from './settings.js';
export { startBilling, type BillingOptions } from './start-billing.js';
