import { createInMemoryUnitOfWork } from '@millrace/messaging/testing';
import { billingStoresConformance } from './billing-stores-conformance.js';
import { createInMemoryBilling } from './in-memory-stores.js';

billingStoresConformance('in memory', async () => {
  const { stores, reader } = createInMemoryBilling();
  return { unitOfWork: createInMemoryUnitOfWork(stores).unitOfWork, reader };
});
