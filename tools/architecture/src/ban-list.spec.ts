import { describe, expect, it } from '@jest/globals';
import { BAN_LIST, findBanned } from './ban-list.js';
import { codeOnly } from './code-only.js';
import { listFiles, readSources } from './source-files.js';

const DOMAIN_FILE = 'libs/intake/src/domain/planted.ts';
const SPEC_FILE = 'libs/intake/src/domain/planted.spec.ts';

/** One or more uses for each ban: [where, source]. */
const PLANTED: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'Date.now()': [
    [DOMAIN_FILE, 'export const now = () => Date.now();'],
    [DOMAIN_FILE, 'export const now = Date\n  .now;'],
  ],
  'new Date()': [
    [DOMAIN_FILE, 'export const now = () => new Date();'],
    [DOMAIN_FILE, 'export const now = new Date;'],
  ],
  'Math.random()': [[DOMAIN_FILE, 'export const roll = Math.random();']],
  'randomUUID()': [[DOMAIN_FILE, "import { randomUUID } from 'node:crypto';"]],
  'process.env': [
    [DOMAIN_FILE, 'export const port = `${process.env.PORT}`;'],
    [DOMAIN_FILE, "export const port = process['env'];"],
  ],
  console: [[DOMAIN_FILE, "console.log('here');"]],
  'as any': [[DOMAIN_FILE, 'export const task = {} as any;']],
  'forwardRef()': [['apps/gateway/src/planted.module.ts', 'export const it = Inject(forwardRef(() => Other));']],
  'export *': [['libs/intake/src/index.ts', "export * from './domain/task.js';"]],
  '.only()': [
    [SPEC_FILE, "it.only('runs alone', () => {});"],
    [SPEC_FILE, "fdescribe('alone', () => {});"],
  ],
  'skipped test': [
    [SPEC_FILE, "it.skip('never runs', () => {});"],
    [SPEC_FILE, "xit('never runs', () => {});"],
  ],
  'jest.mock': [
    [SPEC_FILE, "jest.mock('./task.js');"],
    [SPEC_FILE, 'const now = jest.fn();'],
  ],
  'numeric sleep in a test': [
    [SPEC_FILE, 'await sleep(50);'],
    [SPEC_FILE, 'await sleep(systemClock, 5);'],
  ],
  'timer past the clock': [[DOMAIN_FILE, 'setTimeout(run, limitMs);']],
};

describe('ban list', () => {
  it('has a planted use for every ban', () => {
    expect(Object.keys(PLANTED)).toEqual(BAN_LIST.map(({ name }) => name));
  });

  const cases = Object.entries(PLANTED).flatMap(([ban, uses]) => uses.map(([path, text]) => ({ ban, path, text })));
  it.each(cases)('$ban: meets the planted `$text`', ({ ban, path, text }) => {
    const found = findBanned([{ path, text: `// first line\n${text}` }]);
    expect(found).toEqual([expect.objectContaining({ ban, at: `${path}:2` })]);
  });

  it('lets a file use what it owns, and only that', () => {
    const path = 'libs/kernel/src/system.ts';
    expect(findBanned([{ path, text: 'Date.now(); Math.random(); setTimeout(run, delayMs);' }])).toEqual([]);
    expect(findBanned([{ path, text: 'console.error(1);' }])).toHaveLength(1);
  });

  it('means code, not comments, texts or look-alikes', () => {
    const text = [
      '/* Date.now() */ // as any',
      "const advice = 'never Math.random()' + `console.log(${1})`;",
      'const date = new Date(atMs); const quote = /["\'`]/; jest.setTimeout(60_000);',
      "export { one } from './one.js'; const all = values.only(1);",
    ].join('\n');
    expect(findBanned([{ path: SPEC_FILE, text }])).toEqual([]);
  });

  it('finds code between texts, at its line', () => {
    expect(codeOnly('a.ts', "const a = 'x // y';\nconst b = `1${c}2`; // d")).toBe(
      "const a = '      ';\nconst b = '  'c' ';     ",
    );
  });

  it('names no exception for a file that is gone', () => {
    const files = new Set(listFiles(['.ts', '.mjs']));
    const gone = BAN_LIST.flatMap(({ allowed }) => Object.keys(allowed)).filter((path) => !files.has(path));
    expect(gone).toEqual([]);
  });

  it('holds in the whole tree', () => {
    const files = readSources(listFiles(['.ts', '.mjs'])).filter(({ path }) => !path.includes('/scripts/'));
    expect(files.length).toBeGreaterThan(500);
    expect(findBanned(files)).toEqual([]);
  });
});
