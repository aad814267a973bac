import { describe, expect, it } from '@jest/globals';
import { requireServer } from '@millrace/test-kit';
import type { Mode } from './fault-target.js';

/** The modes that can run here: without Kafka or S3 not distributed, unless MILLRACE_REQUIRE names what is missing. */
export async function runnableModes(modes: readonly Mode[]): Promise<readonly Mode[]> {
  if (!modes.includes('distributed')) return modes;
  for (const name of ['kafka', 's3'] as const) {
    const server = await requireServer(name);
    if (!server.available) {
      process.stderr.write(`\nSKIPPED: faults of five processes: needs ${name}, and ${server.reason}\n`);
      return modes.filter((mode) => mode !== 'distributed');
    }
    await server.stop();
  }
  return modes;
}

/** A suite of five processes, shown as skipped where they can't run. */
export function describeDistributed(name: string, modes: readonly Mode[], suite: () => void): void {
  if (modes.includes('distributed')) return describe(`${name}, distributed`, suite);
  describe(`${name}, distributed`, () =>
    it.skip('needs Kafka and S3, and a run of this mode', () => expect(true).toBe(false)));
}
