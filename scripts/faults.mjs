// `npm run faults:kills -- --tasks 5000 --kills 100 --mode distributed`: a fault suite of e2e/src/faults, larger than in
// CI.   node scripts/faults.mjs [suite] [--tasks n] [--kills n] [--outage-s n] [--seed n] [--mode standalone|distributed]
import { spawnSync } from 'node:child_process';

const KNOWN = ['tasks', 'kills', 'outage-s', 'seed', 'mode'];
const given = process.argv.slice(2);
/** Without a name: all of them, one after the other. */
const suite = given[0] === undefined || given[0].startsWith('--') ? '' : given[0];
const words = suite === '' ? given : given.slice(1);
const variables = {};
for (let index = 0; index < words.length; index += 2) {
  const name = words[index].replace(/^--/, '');
  if (!KNOWN.includes(name) || words[index + 1] === undefined) {
    process.stderr.write(
      `${words[index]}: known are ${KNOWN.map((known) => `--${known}`).join(', ')}, each with a value\n`,
    );
    process.exit(2);
  }
  variables[`FAULTS_${name.replace('-', '_').toUpperCase()}`] = words[index + 1];
}
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--selectProjects',
    'faults',
    '--runInBand',
    '--',
    `e2e/src/faults/${suite}`,
  ],
  { stdio: 'inherit', env: { ...process.env, ...variables } },
);
process.exit(status ?? 1);
