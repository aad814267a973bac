import { createKafkaEventBus } from '@millrace/adapter-kafka';
import {
  DATABASE_VARIABLES,
  HTTP_VARIABLES,
  SECURITY_VARIABLES,
  databaseSettings,
  httpSettings,
  loadSettings,
  runService,
  securitySettings,
} from '@millrace/platform';
import { BILLING_VARIABLES, billingSettings } from './settings.js';
import { startBilling } from './start-billing.js';

const DEFAULT_HTTP_PORT = '8083';

await runService({
  name: 'billing',
  internalPort: 9467,
  createBus: createKafkaEventBus,
  prepare: (source) => {
    const database = loadSettings(databaseSettings, DATABASE_VARIABLES, source);
    const http = loadSettings(httpSettings, HTTP_VARIABLES, { MILLRACE_HTTP_PORT: DEFAULT_HTTP_PORT, ...source });
    const security = loadSettings(securitySettings, SECURITY_VARIABLES, source);
    const policy = loadSettings(billingSettings, BILLING_VARIABLES, source);
    return (parts) =>
      startBilling({ parts, databaseUrl: database.url, http, principalKey: security.principalKey, policy });
  },
});
