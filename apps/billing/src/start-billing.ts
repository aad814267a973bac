import { openServiceDatabase, type ServiceDatabase } from '@millrace/adapter-postgres';
import { PostgresCostReader, postgresBillingStores } from '@millrace/adapter-postgres/billing';
import {
  ChangeCapacity,
  CloseAttempts,
  DEFAULT_POLICY,
  ReadCosts,
  RecordUsage,
  SettleBooks,
  type AttributionPolicy,
} from '@millrace/billing';
import { EventStamper } from '@millrace/messaging';
import { createPrincipalAuthenticator, startService, type HostParts, type RunningService } from '@millrace/platform';
import { billingModule, type BillingUseCases } from './billing.module.js';

export interface BillingOptions {
  readonly parts: HostParts;
  /** Its schema `billing` is migrated. */
  readonly databaseUrl: string;
  readonly http: { readonly host: string; readonly port: number };
  /** Shared with the gateway, which forwards requests in its callers' names. */
  readonly principalKey: string;
  readonly policy?: AttributionPolicy;
}

/** Starts billing: keeps the books from usage, closures and capacity, and answers what a task cost. */
export async function startBilling(options: BillingOptions): Promise<RunningService> {
  const { parts } = options;
  const stamper = new EventStamper(parts);
  const database = openServiceDatabase({ ...parts, service: 'billing', url: options.databaseUrl, stamper });
  parts.health.register('billing.database', () => database.ping());
  const service = await startService({
    name: 'billing',
    parts,
    parked: database.parked,
    authenticator: createPrincipalAuthenticator(options.principalKey, parts.clock),
    modules: [billingModule(createUseCases(options, database))],
    http: options.http,
  }).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  return {
    ...service,
    stop: async () => {
      await service.stop();
      await database.close();
    },
  };
}

function createUseCases({ parts, policy }: BillingOptions, database: ServiceDatabase): BillingUseCases {
  const unitOfWork = database.unitOfWork(postgresBillingStores);
  const books = new SettleBooks(parts.clock, policy ?? DEFAULT_POLICY);
  return {
    recordUsage: new RecordUsage(unitOfWork, books),
    closeAttempts: new CloseAttempts(unitOfWork, books),
    changeCapacity: new ChangeCapacity(unitOfWork, books),
    readCosts: new ReadCosts(new PostgresCostReader(database.request)),
  };
}
