import type { JsonSchema } from './json-schema.js';

/** Members that change nothing about which values match. */
const ANNOTATIONS = new Set(['title', 'description', 'examples', 'default', '$comment', 'deprecated']);
const STRUCTURAL = new Set([
  'properties',
  'required',
  'items',
  'anyOf',
  'oneOf',
  'allOf',
  'additionalProperties',
  'prefixItems',
]);

/**
 * What makes `newer` incompatible with `older`, both ways (FULL, guarantees.md section 1): only optional fields may be
 * added or removed. Held against every published revision it is FULL_TRANSITIVE. Empty: compatible.
 */
export function incompatibilities(older: JsonSchema, newer: JsonSchema, path = ''): readonly string[] {
  return [
    ...changedRules(older, newer, path),
    ...changedFields(older, newer, path),
    ...changedPart(older, newer, 'items', `${path}[]`),
    ...changedPart(older, newer, 'additionalProperties', `${path}/*`),
    ...changedChoices(older, newer, path),
  ];
}

/** Type, enum, pattern, bounds: any difference lets one side refuse what the other sends. */
function changedRules(older: JsonSchema, newer: JsonSchema, path: string): readonly string[] {
  const names = new Set([...Object.keys(older), ...Object.keys(newer)]);
  return [...names]
    .filter((name) => !ANNOTATIONS.has(name) && !STRUCTURAL.has(name))
    .filter((name) => JSON.stringify(older[name]) !== JSON.stringify(newer[name]))
    .map((name) => `${at(path)}: ${name} was ${text(older[name])} and is ${text(newer[name])}`);
}

function changedFields(older: JsonSchema, newer: JsonSchema, path: string): readonly string[] {
  const [before, after] = [fieldsOf(older), fieldsOf(newer)];
  const [neededBefore, neededAfter] = [requiredOf(older), requiredOf(newer)];
  const removed = [...neededBefore].filter((name) => !neededAfter.has(name));
  const added = [...neededAfter].filter((name) => !neededBefore.has(name));
  const kept = Object.keys(before).filter((name) => after[name] !== undefined);
  return [
    ...removed.map(
      (name) => `${path}/${name}: a required field was ${after[name] === undefined ? 'removed' : 'made optional'}`,
    ),
    ...added.map(
      (name) => `${path}/${name}: a field was ${before[name] === undefined ? 'added as required' : 'made required'}`,
    ),
    ...kept.flatMap((name) => incompatibilities(before[name] ?? {}, after[name] ?? {}, `${path}/${name}`)),
  ];
}

function changedPart(older: JsonSchema, newer: JsonSchema, part: string, path: string): readonly string[] {
  const [before, after] = [older[part], newer[part]];
  if (isSchema(before) && isSchema(after)) return incompatibilities(before, after, path);
  return JSON.stringify(before) === JSON.stringify(after)
    ? []
    : [`${at(path)}: ${part} was ${text(before)} and is ${text(after)}`];
}

function changedChoices(older: JsonSchema, newer: JsonSchema, path: string): readonly string[] {
  return ['anyOf', 'oneOf', 'allOf', 'prefixItems'].flatMap((name) => {
    const [before, after] = [choicesOf(older[name]), choicesOf(newer[name])];
    if (before.length !== after.length)
      return [`${at(path)}: ${name} had ${before.length} choices and has ${after.length}`];
    return before.flatMap((choice, index) => incompatibilities(choice, after[index] ?? {}, `${path}(${index})`));
  });
}

function fieldsOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema['properties'] ?? {}) as Record<string, JsonSchema>;
}

function requiredOf(schema: JsonSchema): ReadonlySet<string> {
  return new Set((schema['required'] ?? []) as readonly string[]);
}

function choicesOf(value: unknown): readonly JsonSchema[] {
  return Array.isArray(value) ? (value as readonly JsonSchema[]) : [];
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function at(path: string): string {
  return path === '' ? '/' : path;
}

function text(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}
