// `npm run bench:accept` and `npm run bench:soak`: load tests of the built services, written in TypeScript.
//   node scripts/bench.mjs accept|soak [flags]
import { spawnSync } from 'node:child_process';

const [name, ...flags] = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [
    '--no-warnings',
    '--import',
    './libs/test-kit/jest/typescript-hooks.mjs',
    '--import',
    './tools/simulation/outside-jest.mjs',
    `e2e/src/bench/${name}-main.ts`,
    ...flags,
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
