// `npm run mutants`: breaks the product on purpose, one way at a time, and shows that the test of each promise and of each
// rule of scheduling notices. What is broken, and which test must fail, stands in mutant-list.mjs (promises) and
// rule-mutant-list.mjs (rules). The file is put back after each run.
//   node scripts/mutants.mjs [--promise P7] [--rule SCH-40] [--promises] [--rules] [--name text] [--slow] [--list] [--skip-baseline]
// --slow adds those whose test starts real processes, minutes each. Exit status 1 when one survived.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { MUTANTS as PROMISE_MUTANTS } from './mutant-list.mjs';
import { RULE_MUTANTS } from './rule-mutant-list.mjs';

/** A test that has not ended by then is no verdict: its own limits are shorter. */
const LIMIT_MS = { fast: 4 * 60_000, slow: 12 * 60_000 };
const KILL_AFTER_MS = 15_000;
/** These suites start what `tsc -b` builds; all others run from source. */
const BUILT_PROJECTS = ['e2e', 'faults'];
const SHOWN_MAX = 110;

const MUTANTS = [...PROMISE_MUTANTS, ...RULE_MUTANTS];
const options = readOptions();
const chosen = MUTANTS.filter(isChosen);
const scratch = mkdtempSync(path.join(os.tmpdir(), 'millrace-mutants-'));
/** Texts of the files that are changed now, by path. */
const originals = new Map();
let running;
let builtIsMutated = false;

process.on('exit', () => {
  restore();
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stopAll(130));

try {
  await main();
} catch (error) {
  say(`mutants: ${error.message}`);
  process.exitCode = 2;
}

async function main() {
  checkList();
  if (options.list) return list();
  if (chosen.length === 0) throw new Error('no mutant has that promise, rule and name: see --list');
  refuseDirtyTree();
  if (!options['skip-baseline']) await runBaseline();
  const counts = { caught: 0, survived: 0, unclear: 0 };
  for (const mutant of chosen) {
    const verdict = await judge(mutant);
    counts[verdict.kind] += 1;
    const label = { caught: 'caught', survived: 'SURVIVED', unclear: 'NO VERDICT' }[verdict.kind];
    say(`${label.padEnd(10)} ${idsOf(mutant).join(' ').padEnd(7)} ${mutant.name}: ${verdict.detail}`);
  }
  if (builtIsMutated && !(await build()).passed) throw new Error('the build failed although all files are restored');
  const unclear = counts.unclear === 0 ? '' : `, ${counts.unclear} without a verdict`;
  say(`\n${counts.caught} caught, ${counts.survived} survived${unclear}`);
  process.exitCode = counts.survived + counts.unclear > 0 ? 1 : 0;
}

/** Applies the mutant, runs its test, and puts the files back whatever happens. */
async function judge(mutant) {
  try {
    for (const edit of mutant.edits) apply(edit);
    if (BUILT_PROJECTS.includes(mutant.test.project)) {
      builtIsMutated = true;
      const built = await build();
      if (!built.passed) return { kind: 'unclear', detail: `did not compile: ${built.output.split('\n')[0]}` };
    }
    return verdictOf(mutant, await runJest([mutant.test]));
  } finally {
    restore();
  }
}

function verdictOf(mutant, run) {
  if (run.timedOut) return { kind: 'unclear', detail: 'the test did not end in time' };
  const unloaded = run.files.find((file) => file.status === 'failed' && file.assertionResults.length === 0);
  if (unloaded !== undefined) return { kind: 'unclear', detail: `did not compile: ${firstLine(unloaded.message)}` };
  const failed = assertionsOf(run).filter(({ status }) => status === 'failed');
  if (failed.length > 0) return { kind: 'caught', detail: shorten(failed[0].fullName) };
  return { kind: 'survived', detail: `${assertionsOf(run).length} tests passed: ${mutant.test.path}` };
}

/** Each test passes without a mutant, and the patterns mean tests that exist: else a failure would say nothing. */
async function runBaseline() {
  const projects = Map.groupBy(chosen, ({ test }) => test.project);
  for (const [project, mutants] of projects) {
    if (BUILT_PROJECTS.includes(project) && !(await build()).passed)
      throw new Error('the build fails without a mutant');
    const runs = Map.groupBy(mutants, ({ test }) => JSON.stringify(test.variables ?? {}));
    for (const group of runs.values()) checkBaseline(group, await runJest(group.map(({ test }) => test)));
  }
  say(`without a mutant all tests pass: ${new Set(chosen.map(({ test }) => test.path)).size} files\n`);
}

function checkBaseline(mutants, run) {
  if (run.timedOut) throw new Error('the tests without a mutant did not end in time');
  for (const { name, test } of mutants) {
    const file = run.files.find((each) => each.name.endsWith(test.path));
    if (file === undefined) throw new Error(`${name}: there is no test file ${test.path}`);
    const own = file.assertionResults.filter(({ fullName }) => new RegExp(test.pattern ?? '').test(fullName));
    const ran = own.filter(({ status }) => status !== 'pending');
    if (ran.length === 0)
      throw new Error(`${name}: no test of ${test.path} ran that is called /${test.pattern ?? ''}/`);
    const failed = ran.find(({ status }) => status === 'failed');
    if (failed !== undefined) throw new Error(`${test.path} fails without a mutant: ${failed.fullName}`);
  }
}

/** Runs the tests of one project; those of several mutants together where their variables are the same. */
async function runJest(tests) {
  const report = path.join(scratch, 'report.json');
  rmSync(report, { force: true });
  const patterns = tests.map(({ pattern }) => pattern);
  const args = [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--selectProjects',
    tests[0].project,
    '--runInBand',
    '--json',
    `--outputFile=${report}`,
    ...(patterns.includes(undefined) ? [] : ['-t', [...new Set(patterns)].join('|')]),
    '--runTestsByPath',
    ...new Set(tests.map((test) => test.path)),
  ];
  const limitMs = BUILT_PROJECTS.includes(tests[0].project) ? LIMIT_MS.slow : LIMIT_MS.fast;
  const { timedOut } = await run(args, limitMs * new Set(tests.map((test) => test.path)).size, tests[0].variables);
  try {
    return { timedOut, files: JSON.parse(readFileSync(report, 'utf8')).testResults };
  } catch {
    if (timedOut) return { timedOut, files: [] };
    throw new Error(`jest left no report for ${tests[0].path}`);
  }
}

async function build() {
  const { status, output } = await run(['node_modules/ts7/bin/tsc', '-b'], LIMIT_MS.fast);
  return { passed: status === 0, output };
}

/** A group of its own, so that a test that hangs can be ended with what it started. */
function run(args, limitMs, variables = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, ...variables },
    });
    running = child;
    let output = '';
    let timedOut = false;
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    const timer = setTimeout(() => {
      timedOut = true;
      end(child);
    }, limitMs);
    child.on('close', (status) => {
      clearTimeout(timer);
      running = undefined;
      resolve({ status, output, timedOut });
    });
  });
}

function end(child) {
  signalGroup(child, 'SIGTERM');
  setTimeout(() => signalGroup(child, 'SIGKILL'), KILL_AFTER_MS).unref();
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function stopAll(status) {
  restore();
  if (running !== undefined) signalGroup(running, 'SIGTERM');
  if (builtIsMutated) say('the files are restored; the build in dist/ is still the broken one: run `npm run build`');
  process.exit(status);
}

function apply({ file, find, replace }) {
  const text = readFileSync(file, 'utf8');
  if (!originals.has(file)) originals.set(file, text);
  writeFileSync(
    file,
    text.replace(find, () => replace),
  );
}

function restore() {
  for (const [file, text] of originals) writeFileSync(file, text);
  originals.clear();
}

/** A refactoring must not make a mutant void in silence: what it changes is there, once. */
function checkList() {
  const faults = MUTANTS.flatMap(({ name, edits }) =>
    edits.flatMap(({ file, find }) => {
      const count = readText(file).split(find).length - 1;
      return count === 1 ? [] : [`  ${name}: ${file} has ${count} times, and not once: ${firstLine(find)}`];
    }),
  );
  const names = MUTANTS.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) faults.push(`  two mutants are called ${twice[0]}`);
  if (faults.length > 0) throw new Error(`the list does not fit the code:\n${faults.join('\n')}`);
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function refuseDirtyTree() {
  const { stdout } = spawnSync('git', ['status', '--porcelain', '--untracked-files=no'], { encoding: 'utf8' });
  if (stdout.trim() !== '') throw new Error(`commit first, for files are changed and put back here:\n${stdout}`);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      promise: { type: 'string', multiple: true, default: [] },
      rule: { type: 'string', multiple: true, default: [] },
      promises: { type: 'boolean', default: false },
      rules: { type: 'boolean', default: false },
      name: { type: 'string', default: '' },
      slow: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      'skip-baseline': { type: 'boolean', default: false },
    },
  });
  return values;
}

function isChosen(mutant) {
  const { name, slow = false } = mutant;
  const { promise, rule, promises, rules, name: text, slow: withSlow, list: listing } = options;
  const ids = [...promise, ...rule];
  if (ids.length > 0 && !idsOf(mutant).some((each) => ids.includes(each))) return false;
  if (promises !== rules && rules !== (mutant.rules !== undefined)) return false;
  return name.includes(text) && (withSlow || listing || !slow);
}

/** Promises (`P7`) or rules (`SCH-40`) that it breaks. */
function idsOf({ promises = [], rules = [] }) {
  return [...promises, ...rules];
}

function list() {
  for (const mutant of chosen) {
    const { name, slow, test } = mutant;
    say(`${idsOf(mutant).join(' ').padEnd(8)} ${slow ? 'slow ' : '     '}${name.padEnd(62)} ${test.path}`);
  }
  say(`\n${chosen.length} mutants`);
}

function assertionsOf({ files }) {
  return files.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status !== 'pending');
}

function firstLine(text) {
  return shorten(text.trim().split('\n')[0]);
}

function shorten(text) {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX - 1)}…` : text;
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
