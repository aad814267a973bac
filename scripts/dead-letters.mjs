// Lists, redrives and skips dead letters through the API of a running Millrace.
//   npm run dead-letters -- list    [--status open] [--topic task.lifecycle] [--consumer-group …] [--error-class …]
//                                   [--event-type …] [--task …] [--created-after …] [--created-before …] [--limit 50]
//   npm run dead-letters -- show    <id>
//   npm run dead-letters -- redrive <id> | <filters> [--dry-run] [--limit 100]
//   npm run dead-letters -- skip    <id> | <filters> [--dry-run] [--limit 100]
// --json prints the answer as it came. MILLRACE_URL (http://127.0.0.1:8080) and MILLRACE_API_KEY (scope admin; else
// the key in .millrace/api-key) say where and as whom.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const FILTERS = ['topic', 'consumer-group', 'error-class', 'event-type', 'task', 'created-after', 'created-before'];
const COMMANDS = ['list', 'show', 'redrive', 'skip'];
const text = { type: 'string' };

function usage(fault) {
  const lines = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n');
  const help = lines.filter((line) => line.startsWith('//')).map((line) => line.slice(3));
  process.stderr.write(`${fault}\n\n${help.join('\n')}\n`);
  process.exit(2);
}

function readArguments() {
  try {
    const options = {
      ...Object.fromEntries(FILTERS.map((name) => [name, text])),
      ...{ status: text, limit: text, cursor: text, 'dry-run': { type: 'boolean' }, json: { type: 'boolean' } },
    };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [command, id, ...rest] = positionals;
    if (!COMMANDS.includes(command) || rest.length > 0) usage(`Write one of: ${COMMANDS.join(', ')}.`);
    return { command, id, values };
  } catch (error) {
    return usage(error.message);
  }
}

function apiKey() {
  if (process.env.MILLRACE_API_KEY) return process.env.MILLRACE_API_KEY;
  try {
    return readFileSync(path.join(process.env.MILLRACE_HOME ?? path.join(ROOT, '.millrace'), 'api-key'), 'utf8').trim();
  } catch {
    return usage('There is no API key: set MILLRACE_API_KEY to a key with the scope admin.');
  }
}

/** Method and path of what was asked for. A decision needs an id or a filter: without either it would be about all. */
function requestOf({ command, id, values }) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (name !== 'json') search.set(name.replaceAll('-', '_'), String(value));
  }
  const query = search.size === 0 ? '' : `?${search}`;
  if (command === 'list') return ['GET', `/api/v1/dead-letters${query}`];
  if (command === 'show') return id === undefined ? usage('Write the id.') : ['GET', `/api/v1/dead-letters/${id}`];
  if (id !== undefined) return ['POST', `/api/v1/dead-letters/${id}/${command}`];
  if (!FILTERS.some((name) => name in values)) usage(`Say which: an id, or a filter such as --topic.`);
  return ['POST', `/api/v1/dead-letters/${command}${query}`];
}

function print(letter) {
  const { id, status, topic, consumer_group: group, error_class: errorClass, task_id: task, failed_at: at } = letter;
  process.stdout.write(`${id}  ${status.padEnd(8)}  ${at}  ${topic} → ${group}  ${errorClass}  ${task ?? '-'}\n`);
  process.stdout.write(`  ${letter.reason}\n`);
}

const wanted = readArguments();
const [method, route] = requestOf(wanted);
const url = (process.env.MILLRACE_URL ?? 'http://127.0.0.1:8080').replace(/\/$/, '');
const answer = await fetch(`${url}${route}`, { method, headers: { authorization: `Bearer ${apiKey()}` } }).catch(
  (error) => usage(`${url} does not answer (${error.cause?.code ?? error.message}): set MILLRACE_URL.`),
);
const body = await answer.json();
if (!answer.ok) {
  process.stderr.write(`${answer.status} ${body.code}: ${body.detail}\n`);
  process.exit(1);
}
if (wanted.values.json || wanted.command === 'show') process.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
else {
  for (const letter of body.data ?? [body]) print(letter);
  if (body.matched !== undefined) {
    const done = body.dry_run ? `would ${wanted.command}` : `${wanted.command}: ${body.resolved} of`;
    process.stdout.write(`${done} ${body.dry_run ? `${body.data.length} of ${body.matched}` : body.matched} open\n`);
  }
  if (body.has_more) process.stdout.write(`more: --cursor ${body.next_cursor}\n`);
}
