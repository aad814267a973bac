// npm run fit:spot-zones -- --data DIR --zones a,b --windows DIR --out FILE: fits the Spot policy's figures to recorded
// zones, and to windows of one zone, for libs/capacity/fits/spot-multi-zone.json.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fitRegimes, REGIME_FIT_KIND, type RegimeFitFile } from '@millrace/capacity/policy';
import { systemClock, toIso } from '@millrace/kernel';
import { readFlags } from './command-line/read-flags.js';
import { UsageError } from './command-line/usage-error.js';
import { readSpotEnvironments } from './traces/spot-windows.js';
import { readZoneTraces } from './traces/zone-traces.js';

const USAGE = 'npm run fit:spot-zones -- --data DIR --zones a,b --windows DIR --source TEXT --licence TEXT --out FILE';
const KINDS = {
  data: 'text',
  zones: 'text',
  windows: 'text',
  source: 'text',
  licence: 'text',
  out: 'text',
} as const;

try {
  const { flags } = readFlags(KINDS, process.argv.slice(2));
  const { data, zones, windows, source, licence, out } = flags;
  if (!data || !zones || !windows || !source || !licence || !out) throw new UsageError(USAGE);
  const traces = readZoneTraces(data, zones.split(','));
  const environments = readSpotEnvironments(windows);
  const file: RegimeFitFile = {
    kind: REGIME_FIT_KIND,
    provenance: {
      madeBy: commandOf(flags),
      madeOn: toIso(systemClock.now()).slice(0, 10),
      source,
      licence,
      environments: [...traces.map(({ zone }) => zone), ...environments.map(({ name }) => name)],
      inputs: Object.fromEntries([
        ...traces.map(({ zone }) => digest(data, `${zone}.json`)),
        ...environments.map(({ name }) => digest(windows, `${name}.txt`)),
      ]),
    },
    figures: fitRegimes(
      [...traces.map(({ available }) => [available]), ...environments.map((environment) => environment.windows)],
      traces[0]?.tickSeconds ?? 0,
    ),
  };
  const rounded = (_: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(6)) : value;
  writeFileSync(out, `${JSON.stringify(file, rounded, 2)}\n`);
  process.stdout.write(`${out}: fitted to ${file.provenance.environments.length} environments.\n`);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`fit:spot-zones: ${error.message}\n`);
  process.exitCode = 2;
}

/** The command with its arguments; of a path the last part alone, for the rest is of the machine. */
function commandOf(given: Readonly<Record<string, unknown>>): string {
  const paths = ['data', 'windows', 'out'];
  const words = Object.keys(KINDS).map((name) => {
    const value = String(given[name]);
    return `--${name} ${paths.includes(name) ? basename(value) : `'${value}'`}`;
  });
  return ['npm run fit:spot-zones --', ...words].join(' ');
}

function digest(folder: string, file: string): readonly [file: string, sha256: string] {
  return [
    file,
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex'),
  ];
}
