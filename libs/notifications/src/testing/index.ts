export { aDelivery } from './a-delivery.js';
export { deliveryStoreConformance, secretStoreConformance } from './delivery-store-conformance.js';
export { InMemoryDeliveryStore } from './in-memory-delivery-store.js';
export { InMemorySecretStore } from './in-memory-secret-store.js';
export { ScriptedWebhookSender } from './scripted-webhook-sender.js';
