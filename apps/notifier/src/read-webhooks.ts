import type { DeliveryPage, LoggedDelivery, TenantSecrets } from '@millrace/notifications/ports';

/** What a tenant may see of its webhooks. Token and shape of the reads that `startNotifier` binds to the database. */
export abstract class ReadWebhooks {
  abstract secrets(tenantId: string): Promise<TenantSecrets>;
  abstract deliveries(tenantId: string, page: DeliveryPage): Promise<readonly LoggedDelivery[]>;
}
