import { createKafkaEventBus } from '@millrace/adapter-kafka';
import { openS3Store } from '@millrace/adapter-object-store';
import { STRICT_RULES } from '@millrace/notifications';
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
import { startNotifier } from './start-notifier.js';

const DEFAULT_HTTP_PORT = '8084';

await runService({
  name: 'notifier',
  internalPort: 9468,
  createBus: createKafkaEventBus,
  prepare: (source) => {
    const database = loadSettings(databaseSettings, DATABASE_VARIABLES, source);
    const http = loadSettings(httpSettings, HTTP_VARIABLES, { MILLRACE_HTTP_PORT: DEFAULT_HTTP_PORT, ...source });
    const security = loadSettings(securitySettings, SECURITY_VARIABLES, source);
    const outbound = loadSettings(outboundSettings, OUTBOUND_VARIABLES, source);
    const s3 = loadSettings(s3Settings, S3_VARIABLES, source);
    return (parts) =>
      startNotifier({
        parts,
        databaseUrl: database.url,
        http,
        principalKey: security.principalKey,
        urls: openS3Store(s3, parts),
        outbound: { ...STRICT_RULES, ...outbound },
      });
  },
});
