import { messageOf } from '@millrace/kernel';
import type { ServerName } from '../test-environment.js';
import type { AddressOf } from './server-addresses.js';
import { requireServer } from './require-server.js';

/**
 * A `describe` that needs a real server; await it at the top of a spec. Without the server its tests are skipped, and the
 * run says so with the reason; where MILLRACE_REQUIRE names the server, they fail.
 */
export async function describeWithServer<Name extends ServerName>(
  name: Name,
  title: string,
  body: (address: AddressOf<Name>) => void,
): Promise<void> {
  // Loaded here, since it can't be outside of a test run, where the rest of this package is of use too.
  const { afterAll, describe, it } = await import('@jest/globals');
  try {
    const server = await requireServer(name);
    if (!server.available) {
      process.stderr.write(`\nSKIPPED: ${title}: needs ${name}, and ${server.reason}\n`);
      describe(title, () => it.skip(`needs ${name}: ${server.reason}`, () => {}));
      return;
    }
    describe(title, () => {
      afterAll(() => server.stop());
      body(server.address);
    });
  } catch (error) {
    describe(title, () => {
      it(`has ${name}`, () => Promise.reject(new Error(messageOf(error), { cause: error })));
    });
  }
}
