import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { loadSettings, unknownSettings } from './load-settings.js';

const SCHEMA = z.object({ port: z.coerce.number().int().min(0).max(65_535).default(8080), databaseUrl: z.string() });
const VARIABLES = { port: 'MILLRACE_HTTP_PORT', databaseUrl: 'DATABASE_URL' };

describe('loadSettings', () => {
  it('takes defaults for what is absent or empty', () => {
    expect(loadSettings(SCHEMA, VARIABLES, { DATABASE_URL: 'postgres://db', MILLRACE_HTTP_PORT: '' })).toEqual({
      port: 8080,
      databaseUrl: 'postgres://db',
    });
  });

  it('names every bad and every missing variable in one error', () => {
    expect(() => loadSettings(SCHEMA, VARIABLES, { MILLRACE_HTTP_PORT: 'eighty' })).toThrow(
      /MILLRACE_HTTP_PORT: .*; DATABASE_URL is not set, but is needed/,
    );
  });
});

describe('unknownSettings', () => {
  it('finds a typing error among our own variables only', () => {
    expect(
      unknownSettings({ MILLRACE_HTTP_PROT: '1', MILLRACE_HTTP_PORT: '2', PATH: '/bin' }, ['MILLRACE_HTTP_PORT']),
    ).toEqual(['MILLRACE_HTTP_PROT']);
  });
});
