import type { S3Address, ServerName } from '../test-environment.js';

/** What a test needs to reach each server. */
export interface ServerAddresses {
  readonly kafka: { readonly brokers: readonly string[] };
  readonly s3: S3Address;
  /** URL of an administrator. */
  readonly postgres: { readonly url: string };
}

export type AddressOf<Name extends ServerName> = ServerAddresses[Name];
