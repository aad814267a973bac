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
import { SCHEDULER_VARIABLES, schedulerSettings } from './settings.js';
import { startScheduler } from './start-scheduler.js';

const DEFAULT_HTTP_PORT = '8081';

await runService({
  name: 'scheduler',
  internalPort: 9465,
  createBus: createKafkaEventBus,
  prepare: (source) => {
    const database = loadSettings(databaseSettings, DATABASE_VARIABLES, source);
    const http = loadSettings(httpSettings, HTTP_VARIABLES, { MILLRACE_HTTP_PORT: DEFAULT_HTTP_PORT, ...source });
    const security = loadSettings(securitySettings, SECURITY_VARIABLES, source);
    const settings = loadSettings(schedulerSettings, SCHEDULER_VARIABLES, source);
    return (parts) =>
      startScheduler({ parts, databaseUrl: database.url, http, principalKey: security.principalKey, settings });
  },
});
