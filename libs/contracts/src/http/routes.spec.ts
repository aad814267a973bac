import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { SCOPES } from './define-route.js';
import { ROUTES } from './routes.js';

describe('routes', () => {
  it('have operations, and pairs of method and path, of their own', () => {
    expect(new Set(ROUTES.map((route) => route.operationId)).size).toBe(ROUTES.length);
    expect(new Set(ROUTES.map((route) => `${route.method} ${route.path}`)).size).toBe(ROUTES.length);
  });

  it('name a scope, or are public on purpose', () => {
    const open = ROUTES.filter((route) => route.access === 'public').map((route) => route.path);
    expect(open.sort()).toEqual([
      '/api/v1/health',
      '/asyncapi.json',
      '/health/live',
      '/health/ready',
      '/objects/{key+}',
      '/openapi.json',
    ]);
    for (const route of ROUTES) expect(['public', ...SCOPES]).toContain(route.access);
  });

  it('declare the parameters that their paths have', () => {
    for (const { path, request } of ROUTES) {
      const inPath = [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name]) => name);
      const declared = request.params instanceof z.ZodObject ? Object.keys(request.params.shape) : [];
      expect(declared).toEqual(inPath);
    }
  });

  it('take closed bodies and queries: tenant, price and cost never come from a client', () => {
    for (const { operationId, request } of ROUTES.filter((route) => route.access !== 'public')) {
      for (const part of [request.body, request.query].filter((schema) => schema !== undefined)) {
        const result = part.safeParse({ tenant_id: 'other' });
        expect([operationId, result.success]).toEqual([operationId, false]);
      }
    }
  });
});
