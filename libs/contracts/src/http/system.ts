import { z } from 'zod';
import { defineRoute } from './define-route.js';

export const healthAnswer = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    checks: z.record(z.string(), z.object({ ok: z.boolean() })).optional(),
  })
  .meta({ id: 'Health' });
export type HealthAnswer = z.infer<typeof healthAnswer>;

const healthResponses = {
  200: { description: 'So it is', schema: healthAnswer },
  503: { description: 'Not now', schema: healthAnswer },
};
const system = { method: 'GET', tag: 'System', service: 'gateway', request: {} } as const;

export const getHealth = defineRoute({
  ...system,
  operationId: 'getHealth',
  path: '/api/v1/health',
  summary: 'Public health check (API-09)',
  access: 'public',
  responses: healthResponses,
});
export const getLive = defineRoute({
  ...system,
  operationId: 'getLive',
  path: '/health/live',
  summary: 'The process answers',
  access: 'public',
  responses: { 200: healthResponses[200] },
});
export const getReady = defineRoute({
  ...system,
  operationId: 'getReady',
  path: '/health/ready',
  summary: 'Database and bus answer',
  access: 'public',
  responses: healthResponses,
});

export const getMetrics = defineRoute({
  ...system,
  operationId: 'getMetrics',
  path: '/api/v1/metrics',
  summary: 'Metrics as Prometheus text (API-10)',
  access: 'admin',
  responses: { 200: { description: 'Prometheus text', mediaType: 'text/plain', schema: z.string() } },
});

const document = z.record(z.string(), z.unknown());
export const getOpenApi = defineRoute({
  ...system,
  operationId: 'getOpenApi',
  path: '/openapi.json',
  summary: 'This document',
  access: 'public',
  responses: { 200: { description: 'OpenAPI 3.1', schema: document } },
});
export const getAsyncApi = defineRoute({
  ...system,
  operationId: 'getAsyncApi',
  path: '/asyncapi.json',
  summary: 'The events on the bus',
  access: 'public',
  responses: { 200: { description: 'AsyncAPI 3.0', schema: document } },
});

/** Objects of the file-system store by signed URL; other stores sign URLs of their own. The `+` marks a parameter that holds slashes. */
export const getObject = defineRoute({
  operationId: 'getObject',
  method: 'GET',
  path: '/objects/{key+}',
  tag: 'Objects',
  summary: 'An object by signed URL, with ranges',
  service: 'gateway',
  access: 'public',
  request: {
    params: z.strictObject({ key: z.string().min(1).max(512) }),
    query: z.object({}).loose().describe('expires, signature and name, as the signed URL has them'),
    headers: z.object({ range: z.string().max(200).optional(), 'if-none-match': z.string().max(200).optional() }),
  },
  responses: {
    200: {
      description: 'The object',
      mediaType: 'application/octet-stream',
      schema: z.string().meta({ format: 'binary' }),
    },
    206: {
      description: 'The range asked for',
      mediaType: 'application/octet-stream',
      schema: z.string().meta({ format: 'binary' }),
    },
  },
});
