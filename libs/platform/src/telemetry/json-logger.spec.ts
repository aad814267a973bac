import { mkdtempSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createJsonLogger, redactText } from './json-logger.js';

const KEY = `mr_live_abcd1234_${'x'.repeat(38)}`;

describe('JSON log', () => {
  it('hides keys and secrets, by field name and inside texts', () => {
    const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'log-')), 'a.log');
    const logger = createJsonLogger({ service: 'gateway', level: 'info', file });
    logger.info(`key ${KEY}`, { secret: 'hush', nested: { apiKey: KEY }, note: `Bearer ${KEY}`, count: 3 });
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain('x'.repeat(38));
    expect(text).not.toContain('hush');
    expect(JSON.parse(text)).toMatchObject({
      service: 'gateway',
      level: 'info',
      count: 3,
      message: 'key mr_live_abcd1234_[redacted]',
    });
  });

  it('keeps the public part of a key', () => {
    expect(redactText(`got ${KEY} and whsec_c2VjcmV0`)).toBe('got mr_live_abcd1234_[redacted] and whsec_[redacted]');
  });
});
