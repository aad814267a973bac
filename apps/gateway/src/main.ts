import { createKafkaEventBus } from '@millrace/adapter-kafka';
import { openS3Store } from '@millrace/adapter-object-store';
import {
  DATABASE_VARIABLES,
  HTTP_VARIABLES,
  OUTBOUND_VARIABLES,
  S3_VARIABLES,
  SECURITY_VARIABLES,
  databaseSettings,
  httpSettings,
  loadSettings,
  outboundSettings,
  runService,
  s3Settings,
  securitySettings,
} from '@millrace/platform';
import { FIRST_TENANT, pepperOf } from './first-tenant.js';
import { GATEWAY_VARIABLES, SERVICE_VARIABLES, gatewaySettings, serviceSettings } from './settings.js';
import { startGateway } from './start-gateway.js';

const OUTBOUND_PORTS = [443, 8443];

await runService({
  name: 'gateway',
  internalPort: 9464,
  createBus: createKafkaEventBus,
  prepare: (source) => {
    const database = loadSettings(databaseSettings, DATABASE_VARIABLES, source);
    const http = loadSettings(httpSettings, HTTP_VARIABLES, source);
    const { principalKey } = loadSettings(securitySettings, SECURITY_VARIABLES, source);
    const outbound = loadSettings(outboundSettings, OUTBOUND_VARIABLES, source);
    const s3 = loadSettings(s3Settings, S3_VARIABLES, source);
    const services = loadSettings(serviceSettings, SERVICE_VARIABLES, source);
    const settings = loadSettings(gatewaySettings, GATEWAY_VARIABLES, source);
    return async (parts) => {
      const gateway = await startGateway({
        parts,
        databaseUrl: database.url,
        http,
        ...(http.publicUrl === undefined ? {} : { publicUrl: http.publicUrl }),
        objects: { store: openS3Store(s3, parts) },
        outbound: { ...outbound, ports: OUTBOUND_PORTS },
        principalKey,
        keyPepper: settings.keyPepper ?? pepperOf(principalKey),
        services: () => services,
        settings,
      });
      const { bootstrapApiKey: key, bootstrapInteractive: interactive } = settings;
      if (key !== undefined) await gateway.bootstrapTenant({ ...FIRST_TENANT, interactive, key });
      return gateway;
    };
  },
});
