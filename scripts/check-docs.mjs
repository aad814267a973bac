// `npm run docs:check`: what the pages say of the tree, held against the tree.
//   links        every relative link and picture leads to a file, every #fragment to a heading
//   code paths   every `path/in/back.ticks` that begins like one of ours exists
//   commands     every `npm run x` is a script
//   settings     every variable that the code reads stands in README's table, and the reverse
//   specs        every spec that guarantees.md names exists
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const exists = (file) => existsSync(path.join(ROOT, file));
const faults = [];

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...filesUnder('docs', /\.md$/),
  ...filesUnder('libs', /(?<!node_modules.*)README\.md$/),
  'models/demo-video/README.md',
];

/** Set by one process of ours for another; nobody else sets them. */
const INTERNAL_VARIABLES = ['MILLRACE_WORKER_BUS_URL', 'MILLRACE_WORKER_OBJECTS', 'MILLRACE_TEST_KEEPER'];
const VARIABLE =
  /\b(?:MILLRACE_[A-Z0-9_]+|KAFKA_BROKERS|DATABASE_URL|S3_(?!VARIABLES)[A-Z0-9_]+|AWS_[A-Z0-9_]+|OTEL_[A-Z0-9_]+)\b/g;
const SETTING_SOURCES = [
  ...filesUnder('apps', /\/src\/.*(?<!\.spec)\.ts$/),
  ...filesUnder('libs/platform/src', /(?<!\.spec)\.ts$/),
  'libs/test-kit/src/test-environment.ts',
];

const scripts = Object.keys(JSON.parse(read('package.json')).scripts);
for (const page of PAGES) {
  const text = read(page);
  checkLinks(page, text);
  checkCodePaths(page, text);
  for (const [, name] of text.matchAll(/\bnpm run ([\w:-]+)/g))
    if (!scripts.includes(name) && !scripts.some((script) => name.endsWith(':') && script.startsWith(name)))
      faults.push(`${page}: there is no script "${name}"`);
}
checkSettings();
checkGuarantees();

if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(`docs: ${PAGES.length} pages agree with the tree\n`);

function checkLinks(page, text) {
  for (const [, target] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file = '', fragment] = target.split('#');
    const linked = file === '' ? page : path.join(path.dirname(page), file);
    if (!exists(linked)) faults.push(`${page}: the link ${target} leads nowhere`);
    else if (fragment !== undefined && !headingsOf(linked).includes(fragment))
      faults.push(`${page}: ${linked} has no heading #${fragment}`);
  }
}

function checkCodePaths(page, text) {
  for (const [, quoted] of text.matchAll(/`((?:apps|libs|tools|e2e|deploy|scripts|models|docs)\/[\w./-]+)`/g))
    if (!exists(quoted)) faults.push(`${page}: there is no ${quoted}`);
}

/** Variables as the code reads them, against the first column of the table under "Settings". */
function checkSettings() {
  const inCode = new Set(
    SETTING_SOURCES.flatMap((file) => [...withoutComments(read(file)).matchAll(VARIABLE)].map(([name]) => name)),
  );
  const [, section = ''] = /## Settings\n([\s\S]*?)\n## /.exec(read('README.md')) ?? [];
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const inTable = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(VARIABLE)].map(([name]) => name));
  for (const name of inCode)
    if (!inTable.includes(name) && !INTERNAL_VARIABLES.includes(name))
      faults.push(`README.md: ${name} is read by the code and missing under Settings`);
  for (const name of inTable) if (!inCode.has(name)) faults.push(`README.md: no code reads ${name}`);
  for (const name of inTable.filter((one, index) => inTable.indexOf(one) !== index))
    faults.push(`README.md: ${name} stands twice under Settings`);
}

function checkGuarantees() {
  const text = read('docs/guarantees.md');
  for (const [, adapter, short] of text.matchAll(/`(adapter )?([\w./-]+\.spec\.ts)`/g)) {
    const [first = '', ...rest] = short.split('/');
    const full = /^(apps|e2e|libs)$/.test(first)
      ? short
      : path.join('libs', adapter === undefined ? '' : 'adapters', first, 'src', ...rest);
    if (!exists(full)) faults.push(`docs/guarantees.md: there is no ${full}`);
  }
}

function headingsOf(page) {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

function withoutCode(text) {
  return text.replaceAll(/```[\s\S]*?```/g, '').replaceAll(/`[^`\n]*`/g, '');
}

function withoutComments(source) {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '');
}

function filesUnder(directory, pattern) {
  return readdirSync(path.join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((file) => pattern.test(file) && !/\/(node_modules|dist)\//.test(file))
    .sort();
}
