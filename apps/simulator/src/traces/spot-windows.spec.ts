import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseSpotWindows, readSpotEnvironments } from './spot-windows.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spot-windows-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('recorded Spot windows', () => {
  it('are one window a line, 1 where capacity is there', () => {
    expect(parseSpotWindows('0110\r\n001\n\n', 'a.txt')).toEqual([
      Uint8Array.from([0, 1, 1, 0]),
      Uint8Array.from([0, 0, 1]),
    ]);
  });

  it('are read by environment, in the order of names; other files are passed over', () => {
    writeFileSync(join(folder, 'b.txt'), '1\n');
    writeFileSync(join(folder, 'a.txt'), '0\n1\n');
    writeFileSync(join(folder, 'LICENSE'), 'words\n');
    const environments = readSpotEnvironments(folder);
    expect(environments.map(({ name, windows }) => [name, windows.length])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });

  it.each([
    ['another character', '010\n01x0\n', 'a.txt, line 2: a window is a row of 0 and 1 only.'],
    ['a gap', '010\n\n010\n', 'a.txt, line 2'],
    ['no window', '\n', 'a.txt: no window'],
  ])('with %s are refused, with file and line', (_, text, message) => {
    expect(() => parseSpotWindows(text, 'a.txt')).toThrow(message);
  });

  it('need a file', () => {
    expect(() => readSpotEnvironments(folder)).toThrow('holds no *.txt file');
  });
});
