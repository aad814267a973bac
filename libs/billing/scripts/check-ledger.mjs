// Plays random histories against the books (P10): `npm run check:ledger -- --histories 100000 --from 1`.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { histories: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' } },
});
const histories = Number(values.histories);
const from = Number(values.from);
if (!Number.isSafeInteger(histories) || histories < 1 || !Number.isSafeInteger(from)) {
  process.stderr.write('write for example: npm run check:ledger -- --histories 100000 --from 1\n');
  process.exit(2);
}
const jest = new URL('../../../node_modules/jest/bin/jest.js', import.meta.url).pathname;
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings',
    jest,
    '--selectProjects',
    'unit',
    '--globals',
    JSON.stringify({ histories: { count: histories, from } }),
    '--runTestsByPath',
    'libs/billing/src/testing/check-histories.spec.ts',
  ],
  { cwd: new URL('../../..', import.meta.url), stdio: 'inherit' },
);
process.exit(status ?? 1);
