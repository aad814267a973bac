// npm run fit:spot -- --data DIR --out FILE: fits the Spot policy's figures to recorded windows of one zone.
import { writeFileSync } from 'node:fs';
import { fitSpot, SPOT_FIT_KIND, type SpotFitFile } from '@millrace/capacity/policy';
import { systemClock, toIso } from '@millrace/kernel';
import { SPOT_TICK_SECONDS } from './cells/spot-single-zone/spot-fits.js';
import { readFlags } from './command-line/read-flags.js';
import { UsageError } from './command-line/usage-error.js';
import { readSpotEnvironments } from './traces/spot-windows.js';

const USAGE = 'npm run fit:spot -- --data DIR --source TEXT --licence TEXT --out FILE';

try {
  const { flags } = readFlags({ data: 'text', source: 'text', licence: 'text', out: 'text' }, process.argv.slice(2));
  const { data, source, licence, out } = flags;
  if (data === undefined || source === undefined || licence === undefined || out === undefined) {
    throw new UsageError(USAGE);
  }
  const environments = readSpotEnvironments(data);
  const file: SpotFitFile = {
    kind: SPOT_FIT_KIND,
    provenance: {
      madeBy: 'npm run fit:spot -- --data DIR --source TEXT --licence TEXT --out FILE',
      madeOn: toIso(systemClock.now()).slice(0, 10),
      source,
      licence,
      environments: environments.map(({ name, windows }) => `${name}: ${windows.length} windows`),
    },
    figures: fitSpot(
      environments.map(({ windows }) => windows),
      SPOT_TICK_SECONDS,
    ),
  };
  const rounded = (_: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(6)) : value;
  writeFileSync(out, `${JSON.stringify(file, rounded, 2)}\n`);
  process.stdout.write(`${out}: fitted to ${environments.length} environments.\n`);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`fit:spot: ${error.message}\n`);
  process.exitCode = 2;
}
