// Makes a fresh clone run with nothing but Node (18 or newer) and npm: installs the locked packages, takes the Node 24
// that comes with them, builds, and then runs what was asked for.
//   node scripts/bootstrap.mjs prepare                 install and build only
//   node scripts/bootstrap.mjs run <file.js> [args]    … then run a built file with Node 24
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const LOCK = path.join(ROOT, '.bootstrap.lock');
const INSTALL_STAMP = path.join(ROOT, 'node_modules', '.millrace-installed');
const LOCAL_NODE = path.join(ROOT, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
const LOCK_POLL_MS = 300;
const REQUIRED_MAJOR = 24;

/** Runs a command, output kept; on failure the output is shown. */
function run(command, args, label) {
  return new Promise((resolve, reject) => {
    const progress = startProgress(label);
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      progress.stop(code === 0);
      if (code === 0) return resolve(output);
      reject(new Error(`${label} failed:\n${output.trim().split('\n').slice(-40).join('\n')}`));
    });
  });
}

/** Shows that work goes on: a counting line on a terminal, a line every ten seconds elsewhere. */
function startProgress(label) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  const live = process.stderr.isTTY;
  if (!live) process.stderr.write(`  ${label} …\n`);
  const timer = setInterval(
    () => process.stderr.write(live ? `\r  ${label} … ${seconds()} s ` : `  ${label} … ${seconds()} s\n`),
    live ? 250 : 10_000,
  );
  return {
    stop: (ok) => {
      clearInterval(timer);
      if (live) process.stderr.write(`\r${ok ? '✔' : '✘'} ${label} (${seconds()} s)      \n`);
      else process.stderr.write(`${ok ? '✔' : '✘'} ${label} (${seconds()} s)\n`);
    },
  };
}

/** One install or build at a time in this checkout. A lock whose holder is gone is taken over. */
async function withLock(work) {
  let told = false;
  for (;;) {
    try {
      mkdirSync(LOCK);
      writeFileSync(path.join(LOCK, 'pid'), String(process.pid));
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw new Error(`${ROOT} can't be written to: ${error.message}`);
      if (!holderLives()) {
        setAside();
        continue;
      }
      if (!told) process.stderr.write('  another install or build runs here: waiting for it …\n');
      told = true;
      await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    }
  }
  const release = () => rmSync(LOCK, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    release();
    process.off('exit', release);
  }
}

/** Only one of several waiters moves a dead holder's lock away, so that none removes the next holder's. */
function setAside() {
  const aside = `${LOCK}.${process.pid}`;
  try {
    renameSync(LOCK, aside);
  } catch {
    return; // another one was quicker
  }
  rmSync(aside, { recursive: true, force: true });
}

function holderLives() {
  try {
    process.kill(Number(readFileSync(path.join(LOCK, 'pid'), 'utf8')), 0);
    return true;
  } catch (error) {
    // Between its mkdir and its write a holder has no pid file yet: let it be.
    return error.code === 'ENOENT' && existsSync(LOCK) ? lockIsFresh() : error.code === 'EPERM';
  }
}

let firstSeenWithoutPid;
function lockIsFresh() {
  firstSeenWithoutPid ??= Date.now();
  return Date.now() - firstSeenWithoutPid < 3000;
}

function installKey() {
  const lock = readFileSync(path.join(ROOT, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex');
}

function isInstalled() {
  return existsSync(INSTALL_STAMP) && readFileSync(INSTALL_STAMP, 'utf8') === installKey();
}

async function install() {
  if (isInstalled()) return;
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  await run(npm, ['ci', '--loglevel=error', '--no-audit', '--no-fund', '--ignore-scripts'], 'installing packages');
  writeFileSync(INSTALL_STAMP, installKey());
}

/** The Node that runs Millrace: the installed one, else this one if it is new enough. */
function runtime() {
  if (existsSync(LOCAL_NODE)) return LOCAL_NODE;
  if (Number(process.versions.node.split('.')[0]) >= REQUIRED_MAJOR) return process.execPath;
  throw new Error(
    `Millrace runs on Node ${REQUIRED_MAJOR}, and none comes as a package for ${process.platform}-${process.arch}: install it from https://nodejs.org and try again.`,
  );
}

async function build(node) {
  const quick = existsSync(path.join(ROOT, 'apps/standalone/dist/main.js'));
  const args = [path.join(ROOT, 'node_modules/ts7/bin/tsc'), '-b'];
  if (!quick) return run(node, args, 'building');
  await new Promise((resolve, reject) => {
    const child = spawn(node, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`the build failed:\n${output}`))));
  });
}

async function prepare() {
  return withLock(async () => {
    await install();
    const node = runtime();
    await build(node);
    return node;
  });
}

/** Runs the program in this terminal; its exit status is ours. It hears signals itself, and sees us go by the channel. */
function hand(node, args) {
  const env = {
    ...process.env,
    PATH: `${path.join(ROOT, 'node_modules', '.bin')}${path.delimiter}${process.env.PATH}`,
  };
  const child = spawn(node, args, { cwd: process.cwd(), env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  process.on('SIGINT', () => {}); // the terminal sends it to the whole group: the child stops itself
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGTERM'));
  child.on('close', (code, signal) => process.exit(code ?? (signal === null ? 0 : 1)));
}

try {
  const [mode, file, ...rest] = process.argv.slice(2);
  const node = await prepare();
  if (mode === 'run') hand(node, ['--no-warnings', '--enable-source-maps', path.resolve(ROOT, file), ...rest]);
} catch (error) {
  process.stderr.write(`millrace: ${error.message}\n`);
  process.exit(1);
}
