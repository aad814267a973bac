import { openServiceDatabase } from '@millrace/adapter-postgres';
import { INTAKE_SCHEMA } from '@millrace/adapter-postgres/intake';
import type { BootstrapInput, BootstrapResult } from '@millrace/intake';
import { EventStamper } from '@millrace/messaging';
import { startService, type RunningService } from '@millrace/platform';
import { createGateway, type GatewayOptions } from './gateway.js';
import { gatewayModule } from './gateway.module.js';
import { mediaOriginOf } from './objects/gateway-objects.js';
import { servePublicSite } from './public-site.js';

export interface RunningGateway extends RunningService {
  /** Makes sure that there is a tenant with a key; running it again changes nothing. */
  bootstrapTenant(input: BootstrapInput): Promise<BootstrapResult>;
}

/** Starts the public door: accepts tasks, shows them, serves the page and the documents. The schema must be migrated. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { parts } = options;
  const stamper = new EventStamper(parts);
  const database = openServiceDatabase({ ...parts, service: INTAKE_SCHEMA, url: options.databaseUrl, stamper });
  parts.health.register('gateway.database', () => database.ping());
  const gateway = createGateway(options, database);
  const service = await startService({
    name: 'gateway',
    parts,
    parked: database.parked,
    authenticator: gateway.authenticator,
    modules: [gatewayModule(gateway)],
    http: options.http,
    configure: async (app) => {
      const server = app.getHttpAdapter().getInstance();
      gateway.metrics.observe(server);
      await servePublicSite(server, { mediaOrigin: await mediaOriginOf(options.objects) });
    },
  }).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  return {
    ...service,
    bootstrapTenant: (input) => gateway.bootstrap.execute(input),
    stop: async () => {
      await service.stop();
      await database.close();
    },
  };
}
