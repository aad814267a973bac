import { asTenant, openServiceDatabase, type ServiceDatabase } from '@millrace/adapter-postgres';
import { PostgresDeliveryStore, PostgresSecretStore } from '@millrace/adapter-postgres/notifications';
import { createHttpWebhookSender } from '@millrace/adapter-webhook-http';
import { EventStamper } from '@millrace/messaging';
import { DeliveryLoop, PlanDeliveries, ReadSecrets, SendDeliveries, type OutboundRules } from '@millrace/notifications';
import type { ResultUrls } from '@millrace/notifications/ports';
import { createPrincipalAuthenticator, startService, type HostParts, type RunningService } from '@millrace/platform';
import { notifierModule } from './notifier.module.js';
import type { ReadWebhooks } from './read-webhooks.js';

export interface NotifierOptions {
  readonly parts: HostParts;
  readonly databaseUrl: string;
  readonly http: { readonly host: string; readonly port: number };
  /** Shared with the gateway, which forwards requests in its callers' names. */
  readonly principalKey: string;
  readonly urls: ResultUrls;
  readonly outbound: OutboundRules;
}

export interface RunningNotifier extends RunningService {
  /** A tenant's default webhook secret, made at its first use. */
  secretOf(tenantId: string): Promise<string>;
}

/** Starts the notifier: plans deliveries from the lifecycle stream, and sends them. */
export async function startNotifier(options: NotifierOptions): Promise<RunningNotifier> {
  const { parts } = options;
  const stamper = new EventStamper(parts);
  const database = openServiceDatabase({ ...parts, service: 'notifier', url: options.databaseUrl, stamper });
  parts.health.register('notifier.database', () => database.ping());
  const { loop, planDeliveries, secrets, close } = createDeliveries(options, database);
  const service = await startService({
    name: 'notifier',
    parts,
    parked: database.parked,
    authenticator: createPrincipalAuthenticator(options.principalKey, parts.clock),
    modules: [notifierModule({ planDeliveries, readWebhooks: readsOf(options, database) })],
    http: options.http,
  }).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  loop.start();
  return {
    ...service,
    secretOf: async (tenantId) => (await secrets.run(tenantId)).current,
    stop: async () => {
      await service.stop();
      await loop.stop();
      await close();
      await database.close();
    },
  };
}

function createDeliveries({ parts, urls, outbound }: NotifierOptions, database: ServiceDatabase) {
  const unitOfWork = database.unitOfWork((client) => ({ deliveries: new PostgresDeliveryStore(client) }));
  const sender = createHttpWebhookSender({ rules: outbound, clock: parts.clock });
  const secrets = new ReadSecrets(new PostgresSecretStore(database.system), parts.clock, parts.rng);
  const sending = new SendDeliveries({ ...parts, unitOfWork, sender, secrets, urls });
  const loop = new DeliveryLoop(sending, new PostgresDeliveryStore(database.system), parts.clock, parts.logger);
  const planDeliveries = new PlanDeliveries(unitOfWork, parts.clock, parts.ids, () => loop.wake());
  return { loop, planDeliveries, secrets, close: () => sender.close() };
}

function readsOf({ parts }: NotifierOptions, database: ServiceDatabase): ReadWebhooks {
  return {
    secrets: (tenantId) =>
      asTenant(database.request, tenantId, (client) =>
        new ReadSecrets(new PostgresSecretStore(client), parts.clock, parts.rng).run(tenantId),
      ),
    deliveries: (tenantId, page) =>
      asTenant(database.request, tenantId, (client) => new PostgresDeliveryStore(client).list(tenantId, page)),
  };
}
