import { startKafka } from '../kafka/start-kafka.js';
import { startPostgres } from '../postgres/start-postgres.js';
import { startS3 } from '../s3/start-s3.js';
import type { ServerName } from '../test-environment.js';
import type { AddressOf } from './server-addresses.js';

/** A server that was started here, with its address and its end. */
export interface StartedServer<Name extends ServerName = ServerName> {
  readonly address: AddressOf<Name>;
  stop(): Promise<void>;
}

const STARTERS: { readonly [Name in ServerName]: () => Promise<StartedServer<Name>> } = {
  kafka: async () => {
    const { brokers, stop } = await startKafka();
    return { address: { brokers }, stop };
  },
  s3: async () => {
    const { endpoint, region, credentials, stop } = await startS3();
    return { address: { endpoint, region, credentials }, stop };
  },
  postgres: async () => {
    const { url, stop } = await startPostgres();
    return { address: { url }, stop };
  },
};

/** Starts a server from a local program. Rejects with a reason that says what to install or to set. */
export function startServer<Name extends ServerName>(name: Name): Promise<StartedServer<Name>> {
  return STARTERS[name]();
}
