export type { DeliveryPage, DeliveryStore, LoggedDelivery } from './delivery-store.port.js';
export type { ResultUrls } from './result-urls.port.js';
export type { SecretStore, TenantSecrets } from './secret-store.port.js';
export type { WebhookRequest, WebhookSender } from './webhook-sender.port.js';
