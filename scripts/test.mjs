// `npm test`: every suite that can run on this machine, one after the other, and one plain line at the end.
//   node scripts/test.mjs [suite …] [path]   only these suites, only files whose path matches
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const SUITES = ['unit', 'integration', 'e2e'];
/** Minutes each: by name only. */
const LONG_SUITES = ['faults'];
/** A suite that hangs is a failure, not a wait. */
const SUITE_LIMIT_MS = 12 * 60_000;
const isSuite = (word) => [...SUITES, ...LONG_SUITES].includes(word);
const words = process.argv.slice(2);
const named = words.filter(isSuite);
const wanted = named.length > 0 ? named : SUITES;
const paths = words.filter((word) => !isSuite(word));
const scratch = mkdtempSync(path.join(os.tmpdir(), 'millrace-test-'));
const total = { passed: 0, failed: 0, skipped: 0 };

for (const suite of wanted) {
  const report = path.join(scratch, `${suite}.json`);
  process.stdout.write(`\n── ${suite} ──\n`);
  const workers = suite === 'unit' ? [] : ['--runInBand'];
  const { status } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      suite,
      '--json',
      `--outputFile=${report}`,
      ...workers,
      ...paths,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], timeout: SUITE_LIMIT_MS },
  );
  count(report, status, suite);
}
rmSync(scratch, { recursive: true, force: true });
if (total.skipped > 0)
  process.stdout.write(`\n${total.skipped} skipped: a server they need was not to be had; the reasons stand above.\n`);
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
process.exit(total.failed > 0 ? 1 : 0);

function count(report, status, suite) {
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    // A suite that does not load has no tests of its own, but is a failure.
    const unloaded = result.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length;
    total.passed += result.numPassedTests;
    total.failed += result.numFailedTests + unloaded;
    total.skipped += result.numPendingTests;
    if (status !== 0 && result.numFailedTests + unloaded === 0) total.failed += 1;
  } catch {
    process.stdout.write(`${suite}: jest ended with status ${status} and left no report\n`);
    total.failed += 1;
  }
}
