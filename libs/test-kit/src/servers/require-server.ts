import { readTestEnvironment, type ServerName, type TestEnvironment } from '../test-environment.js';
import type { AddressOf } from './server-addresses.js';
import { startServer, type StartedServer } from './start-server.js';

/** A server, or the reason why there is none. `stop` ends what was started for this caller alone. */
export type ServerOrReason<Name extends ServerName> =
  ({ readonly available: true } & StartedServer<Name>) | { readonly available: false; readonly reason: string };

/**
 * A server for tests: from its URL in the environment, else from the keeper of this test run, else started here from a
 * local program (architecture.md section 6). Rejects where there is none and MILLRACE_REQUIRE names it.
 */
export async function requireServer<Name extends ServerName>(
  name: Name,
  environment: TestEnvironment = readTestEnvironment(),
): Promise<ServerOrReason<Name>> {
  try {
    return { available: true, ...(await obtain(name, environment)) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!environment.required.has(name)) return { available: false, reason };
    throw new Error(`MILLRACE_REQUIRE names ${name}, and it can't be had: ${reason}`, { cause: error });
  }
}

async function obtain<Name extends ServerName>(name: Name, environment: TestEnvironment): Promise<StartedServer<Name>> {
  const given = givenAddress(name, environment);
  if (given !== undefined) return { address: given, stop: async () => {} };
  if (environment.keeperUrl === undefined) return startServer(name);
  const answer = await fetch(`${environment.keeperUrl}/${name}`);
  if (!answer.ok) throw new Error(await answer.text());
  return { address: (await answer.json()) as AddressOf<Name>, stop: async () => {} };
}

function givenAddress<Name extends ServerName>(name: Name, environment: TestEnvironment): AddressOf<Name> | undefined {
  const { kafkaBrokers, s3, databaseUrl } = environment;
  const given: { readonly [Known in ServerName]: AddressOf<Known> | undefined } = {
    kafka: kafkaBrokers === undefined ? undefined : { brokers: kafkaBrokers },
    s3,
    postgres: databaseUrl === undefined ? undefined : { url: databaseUrl },
  };
  return given[name];
}
