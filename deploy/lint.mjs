// `npm run lint:deploy`: checks the deployment files without a container engine.
//   Dockerfile     dockerfile-utils (syntax, instructions, flags); hadolint as well where it is in the path
//   compose.yaml   dclint: the Compose specification's schema and its rules
//   settings       each service of compose.yaml is started with --validate and the environment it would get there
// Needs a build (npm run build). `--prove` plants faults in copies of the files and expects each to be found.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    directory: { type: 'string', default: path.join(ROOT, 'deploy') },
    prove: { type: 'boolean', default: false },
  },
});
const inDeploy = (name) => path.join(values.directory, name);
/** Long enough for every secret, and the form of none: `--validate` opens nothing. */
const SAMPLE_SECRET = '5a'.repeat(32);
const IMAGE = 'millrace:local';
const faults = [];

/** A fault in one of the files, and what the check has to say of it. */
const PLANTED = [
  ['Dockerfile', 'WORKDIR /app', 'WORKDIRR /app', 'WORKDIRR'],
  ['Dockerfile', '--from=build', '--from=biuld', 'biuld'],
  ['Dockerfile', '-w apps/billing', '-w apps/biling', 'apps/biling'],
  ['Dockerfile', 'CMD ["apps/gateway/dist/main.js"]', 'CMD apps/gateway/dist/main.js', 'signals'],
  ['compose.yaml', 'restart: unless-stopped', 'restrat: unless-stopped', 'additional properties'],
  ['compose.yaml', 'condition: service_healthy', 'condition: service_helthy', 'compose.yaml'],
  ['compose.yaml', '"127.0.0.1:8080:8080"', '"8080:8080"', 'interface'],
  ['compose.yaml', 'apps/billing/dist/main.js', 'apps/biling/dist/main.js', 'apps/biling'],
  [
    'compose.yaml',
    'MILLRACE_PARTITIONS: ${MILLRACE_PARTITIONS:-24}',
    'MILLRACE_PARTITIONS: many',
    'MILLRACE_PARTITIONS',
  ],
  ['compose.yaml', 'MILLRACE_BILLING_URL: http://billing:8080', '', 'MILLRACE_BILLING_URL'],
  ['.env.example', 'S3_SECRET_KEY=', '', 'S3_SECRET_KEY'],
];

if (values.prove) {
  prove();
} else {
  lintDockerfile();
  lintCompose();
  lintSettings();
}

if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(
  values.prove
    ? `deploy: each of ${PLANTED.length} planted faults was found\n`
    : 'deploy: Dockerfile, compose.yaml and the settings in it are good\n',
);

function prove() {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'millrace-deploy-'));
  for (const [file, good, bad, told] of PLANTED) {
    cpSync(inDeploy('.'), copy, { recursive: true });
    const text = readFileSync(path.join(copy, file), 'utf8');
    if (!text.includes(good)) faults.push(`${file} does not hold "${good}": there is nothing to plant a fault in`);
    writeFileSync(path.join(copy, file), text.replace(good, bad));
    const args = [fileURLToPath(import.meta.url), '--directory', copy];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status === 0 || !stderr.includes(told)) faults.push(`${file}: "${bad}" in place of "${good}" was not found`);
  }
  rmSync(copy, { recursive: true, force: true });
}

function lintDockerfile() {
  const text = readFileSync(inDeploy('Dockerfile'), 'utf8');
  for (const { range, message } of validate(text, { deprecatedMaintainer: 2, instructionCasing: 2 }))
    faults.push(`Dockerfile:${range.start.line + 1} ${message}`);
  const stages = new Set([...text.matchAll(/^FROM .* AS (\S+)$/gim)].map(([, name]) => name));
  for (const [, stage] of text.matchAll(/--from=(\S+)/g))
    if (!stages.has(stage)) faults.push(`Dockerfile: there is no stage "${stage}"`);
  for (const [, workspace] of text.matchAll(/-w (\S+)/g))
    if (!existsSync(path.join(ROOT, workspace, 'package.json')))
      faults.push(`Dockerfile: there is no workspace ${workspace}`);
  for (const [line, form] of text.matchAll(/^ *(?:ENTRYPOINT|CMD) (.*)$/gm))
    if (!isList(form))
      faults.push(`Dockerfile: write a list, so that the process itself hears signals: ${line.trim()}`);
  const hadolint = spawnSync('hadolint', ['--no-color', inDeploy('Dockerfile')], { encoding: 'utf8' });
  if (hadolint.error === undefined && hadolint.status !== 0) faults.push(hadolint.stdout.trim());
}

function isList(text) {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

function lintCompose() {
  const program = path.join(
    path.dirname(createRequire(import.meta.url).resolve('dclint/package.json')),
    'bin/dclint.cjs',
  );
  const args = [program, '--max-warnings', '0', '--config', path.join(ROOT, 'deploy/.dclintrc.json')];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, inDeploy('compose.yaml')], {
    encoding: 'utf8',
  });
  if (status !== 0) faults.push(`compose.yaml:\n${stdout}${stderr}`.trim());
}

function lintSettings() {
  const example = readFileSync(inDeploy('.env.example'), 'utf8');
  const text = readFileSync(inDeploy('compose.yaml'), 'utf8');
  for (const [, name, kind] of text.matchAll(/\$\{(\w+)(:[?-])?/g)) {
    const optional = kind === ':-';
    if (!new RegExp(`^${optional ? '# ' : ''}${name}=`, 'm').test(example))
      faults.push(`.env.example: ${name} is missing, compose.yaml ${optional ? 'reads' : 'needs'} it`);
    if (kind === undefined) faults.push(`compose.yaml: ${name} has neither a default nor ":?"`);
  }
  const { services } = parse(text, { merge: true });
  for (const [name, service] of Object.entries(services)) if (service.image === IMAGE) validateService(name, service);
}

function validateService(name, { command, environment }) {
  const file = path.join(ROOT, command[0]);
  if (!existsSync(file)) return void faults.push(`compose.yaml: ${name} runs ${command[0]}, which is not built`);
  const env = {
    ...imageEnvironment(),
    ...Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, interpolate(value)])),
  };
  const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', file, '--validate'], {
    env,
    encoding: 'utf8',
    timeout: 30_000,
  });
  if (status !== 0) faults.push(`compose.yaml: ${name} does not start with these settings: ${stderr.trim()}`);
}

/** What the image's ENV gives. */
function imageEnvironment() {
  const text = readFileSync(inDeploy('Dockerfile'), 'utf8');
  const [, block = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(text) ?? [];
  return Object.fromEntries([...block.matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => [key, value]));
}

function interpolate(value) {
  return String(value).replaceAll(/\$\{(\w+)(?::([?-])([^}]*))?\}/g, (_match, _name, kind, text) =>
    kind === '-' ? text : SAMPLE_SECRET,
  );
}
