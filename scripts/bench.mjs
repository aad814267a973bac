// `npm run bench:accept`, `bench:soak` and `bench:services`: load on the built services, and their cost without any.
//   node scripts/bench.mjs accept|soak|services [flags]
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
