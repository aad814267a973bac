import type { z } from 'zod';
import type { RouteDefinition } from '../http/define-route.js';
import { PROBLEM_MEDIA_TYPE, problem } from '../http/problem.js';
import { ROUTES } from '../http/routes.js';
import { SchemaCollection, toJsonSchema, type JsonSchema } from './json-schema.js';

export interface OpenApiOptions {
  /** Where the API answers; relative to the document where absent. */
  readonly serverUrl?: string;
}

const VERSION = '1.0.0';
const SECURITY_SCHEME = 'apiKey';
const REFERENCE_PREFIX = '#/components/schemas/';

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'The body is not JSON',
  401: 'No API key, or none that is valid',
  403: 'The key or the tenant may not do this',
  404: "There is no such thing, or it is another tenant's",
  405: 'The path does not take this method',
  409: 'Not in the state it is in',
  410: 'The object was removed after its retention',
  413: 'The body is too large',
  415: 'The body is not sent as application/json',
  416: 'The range lies outside the object',
  422: 'The request does not match the schema, or can not be done as asked',
  500: 'A fault of ours',
  503: 'Not now; Retry-After says when',
};

/** The OpenAPI 3.1 document of the public API, from the routes' own schemas. Pure. */
export function buildOpenApi({ serverUrl }: OpenApiOptions = {}): JsonSchema {
  const schemas = new SchemaCollection(REFERENCE_PREFIX);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of ROUTES) {
    const path = route.path.replaceAll('+}', '}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas) };
  }
  const problemSchema = schemaOf(problem, 'output', schemas);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version: VERSION,
      summary: 'GPU work for many tenants: accepted at once, accounted to the GPU-second, never lost.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: serverUrl ?? '/' }],
    tags: [...new Set(ROUTES.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas.entries(),
      responses: Object.fromEntries(
        Object.entries(PROBLEMS).map(([status, description]) => [
          `Problem${status}`,
          { description, content: { [PROBLEM_MEDIA_TYPE]: { schema: problemSchema } } },
        ]),
      ),
      securitySchemes: {
        [SECURITY_SCHEME]: { type: 'http', scheme: 'bearer', bearerFormat: 'mr_live_…', description: 'An API key.' },
      },
    },
  };
}

function operationOf(route: RouteDefinition, schemas: SchemaCollection): JsonSchema {
  const { params, query, headers, body } = route.request;
  const parameters = [
    ...parametersOf(params, 'path', schemas),
    ...parametersOf(query, 'query', schemas),
    ...parametersOf(headers, 'header', schemas),
  ];
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    security: route.access === 'public' ? [] : [{ [SECURITY_SCHEME]: [] }],
    ...(route.access === 'public' ? {} : { 'x-scope': route.access }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: requestBodyOf(body, schemas) }),
    responses: { ...answersOf(route, schemas), ...problemsOf(route) },
  };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: SchemaCollection): JsonSchema {
  return schemas.hoist(toJsonSchema(schema, { io, target: 'draft-2020-12' }));
}

function requestBodyOf(body: z.ZodType, schemas: SchemaCollection): JsonSchema {
  const examples = (body.meta()?.['examples'] ?? []) as readonly unknown[];
  return {
    required: true,
    content: {
      'application/json': {
        schema: schemaOf(body, 'input', schemas),
        ...(examples.length === 0
          ? {}
          : { examples: Object.fromEntries(examples.map((value, index) => [`example${index + 1}`, { value }])) }),
      },
    },
  };
}

function parametersOf(
  part: z.ZodType | undefined,
  place: 'path' | 'query' | 'header',
  schemas: SchemaCollection,
): JsonSchema[] {
  if (part === undefined) return [];
  const object = schemaOf(part, 'input', schemas);
  const required = (object['required'] ?? []) as readonly string[];
  return Object.entries((object['properties'] ?? {}) as Record<string, JsonSchema>).map(([name, field]) => {
    const { description, ...schema } = field;
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema,
    };
  });
}

function answersOf(route: RouteDefinition, schemas: SchemaCollection): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, { description, schema, mediaType }]) => [
      status,
      {
        description,
        ...(schema === undefined
          ? {}
          : { content: { [mediaType ?? 'application/json']: { schema: schemaOf(schema, 'output', schemas) } } }),
      },
    ]),
  );
}

/** Which problems a route can answer follows from what it takes and demands. */
function problemsOf(route: RouteDefinition): Record<string, unknown> {
  const statuses = [
    ...(route.request.body === undefined ? [] : [400, 413, 415]),
    ...(route.access === 'public' ? [] : [401, 403]),
    ...(route.path.includes('{') ? [404] : []),
    ...(route.service === 'gateway' ? [] : [404]),
    ...(route.method === 'DELETE' || route.path.endsWith('/retry') || route.tag === 'Dead letters' ? [409] : []),
    ...(route.tag === 'Objects' ? [403, 410, 416] : []),
    405,
    422,
    500,
    503,
  ];
  const wanted = statuses.filter((status) => route.responses[status] === undefined);
  return Object.fromEntries(
    wanted.map((status) => [String(status), { $ref: `#/components/responses/Problem${status}` }]),
  );
}
