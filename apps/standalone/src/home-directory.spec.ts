import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import { openHome } from './home-directory.js';

const makeHome = (): string => path.join(mkdtempSync(path.join(os.tmpdir(), 'home-')), 'millrace');

describe('the home of the standalone app', () => {
  it('gives keys once and keeps them, readable by the owner only', () => {
    const directory = makeHome();
    const first = openHome(directory, seededRng(1));
    first.writeKey('api-key', 'mr_live_x');
    first.release();
    const second = openHome(directory, seededRng(2));
    expect(second.secrets).toEqual(first.secrets);
    expect(second.readKey('api-key')).toBe('mr_live_x');
    expect(second.readKey('webhook-secret')).toBeUndefined();
    for (const name of ['api-key', 'secrets.json'])
      expect(statSync(path.join(directory, name)).mode & 0o777).toBe(0o600);
  });

  it('takes over from a process that is gone', () => {
    const directory = makeHome();
    openHome(directory, seededRng(1)).release();
    writeFileSync(path.join(directory, 'millrace.pid'), '4194303');
    openHome(directory, seededRng(1));
    expect(readFileSync(path.join(directory, 'millrace.pid'), 'utf8')).toBe(String(process.pid));
  });

  it('takes over a number that now belongs to another program', () => {
    const directory = makeHome();
    openHome(directory, seededRng(1)).release();
    writeFileSync(path.join(directory, 'millrace.pid'), '1');
    expect(() => openHome(directory, seededRng(1))).not.toThrow();
  });
});
