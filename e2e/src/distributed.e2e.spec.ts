import { describe, expect, it } from '@jest/globals';
import { requireServer } from '@millrace/test-kit';
import { blackBoxSuite } from './black-box-suite.js';
import { startDistributedSystem } from './distributed-system.js';

const missing = await reasonItCanNotRun();

if (missing !== undefined) {
  process.stderr.write(`\nSKIPPED: Millrace as five processes: ${missing}\n`);
  describe('Millrace as five processes over Kafka, Postgres and S3', () =>
    it.skip(missing, () => expect(true).toBe(false)));
} else {
  describe('Millrace as five processes over Kafka, Postgres and S3', () =>
    blackBoxSuite(() => startDistributedSystem()));
}

/** Rejects where MILLRACE_REQUIRE names a server that can't be had. */
async function reasonItCanNotRun(): Promise<string | undefined> {
  for (const name of ['kafka', 's3', 'postgres'] as const) {
    const server = await requireServer(name);
    if (!server.available) return `needs ${name}, and ${server.reason}`;
    await server.stop();
  }
  return undefined;
}
