import { deliveryStoreConformance, secretStoreConformance } from './delivery-store-conformance.js';
import { InMemoryDeliveryStore } from './in-memory-delivery-store.js';
import { InMemorySecretStore } from './in-memory-secret-store.js';

deliveryStoreConformance('in memory', async () => new InMemoryDeliveryStore());
secretStoreConformance('in memory', async () => new InMemorySecretStore());
