// Writes the documents that are made from the contracts, or checks that they are what the contracts say.
//   npm run contracts:generate              writes docs/openapi.json, docs/asyncapi.json, docs/events.md and published schemas
//   npm run contracts:check                 fails on drift, and on an incompatible change of an event
//   … -- --start-anew                       forgets the published revisions: only before anything was released
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EVENTS } from '@millrace/contracts';
import {
  buildAsyncApi,
  buildEventsPage,
  buildOpenApi,
  eventSchema,
  incompatibilities,
} from '@millrace/contracts/documents';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const published = path.join(root, 'libs/contracts/published');
const check = process.argv.includes('--check');
const startAnew = process.argv.includes('--start-anew');
const faults = [];

const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

async function emit(file, text) {
  const present = await readFile(file, 'utf8').catch(() => undefined);
  if (present === text) return;
  if (check) return void faults.push(`${path.relative(root, file)} is not what the contracts say`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  process.stdout.write(`wrote ${path.relative(root, file)}\n`);
}

/** Every revision that was published stays in the file, oldest first; the last one is the contract of today. */
async function publish(event) {
  const file = path.join(published, `${event.type}.schema.json`);
  const text = startAnew ? undefined : await readFile(file, 'utf8').catch(() => undefined);
  const revisions = text === undefined ? [] : JSON.parse(text).revisions;
  const schema = eventSchema(event);
  const broken = revisions.flatMap((revision, index) =>
    incompatibilities(revision, schema).map((what) => `${event.type} against revision ${index + 1}: ${what}`),
  );
  if (broken.length > 0) return void faults.push(...broken);
  const next =
    revisions.some((revision) => same(revision, schema)) && same(revisions.at(-1), schema)
      ? revisions
      : [...revisions, schema];
  await emit(file, json({ type: event.type, revisions: next }));
}

await emit(path.join(root, 'docs/openapi.json'), json(buildOpenApi()));
await emit(path.join(root, 'docs/asyncapi.json'), json(buildAsyncApi()));
await emit(path.join(root, 'docs/events.md'), buildEventsPage());
for (const event of EVENTS) await publish(event);

const types = new Set(EVENTS.map((event) => `${event.type}.schema.json`));
for (const file of await readdir(published).catch(() => [])) {
  if (!types.has(file))
    faults.push(
      `${file} was published, but the contracts no longer have the event: keep it for 90 days beside its successor`,
    );
}

if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`);
  process.stderr.write(
    check
      ? 'Run npm run contracts:generate and check in what it writes. An incompatible change needs a new event type (….v2).\n'
      : 'Nothing was published for these: an incompatible change needs a new event type (….v2).\n',
  );
  process.exit(1);
}
