import { startTemporaryPostgres } from '@millrace/adapter-postgres/server';
import { readTestEnvironment } from '../test-environment.js';

export interface TestDatabase {
  readonly url: string;
  /** Removes it with all its data. */
  stop(): Promise<void>;
}

/** An empty database: a new one on the server of `adminUrl` or DATABASE_URL, else a server of its own from a package. */
export function startPostgres(options: { readonly adminUrl?: string } = {}): Promise<TestDatabase> {
  return startTemporaryPostgres({ url: options.adminUrl ?? readTestEnvironment().databaseUrl });
}
