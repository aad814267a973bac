import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { lintThroughNx, type LintMessage } from './eslint-report.js';
import { TemporaryWorkspace } from './temporary-workspace.js';

jest.setTimeout(60_000);

const long = (lines: number, line: string): string => Array.from({ length: lines }, () => line).join('\n');

/** [rule, file, source]: the source breaks this rule and no other. */
const PLANTED: readonly (readonly [string, string, string])[] = [
  ['@nx/enforce-module-boundaries', 'libs/billing/src/engine/a.ts', "import '@millrace/intake';"],
  ['@typescript-eslint/no-floating-promises', 'libs/intake/src/engine/a.ts', 'Promise.resolve(1);'],
  [
    '@typescript-eslint/no-misused-promises',
    'libs/intake/src/engine/b.ts',
    'export const all = [1].filter(async (n) => Promise.resolve(n > 0));',
  ],
  ['@typescript-eslint/await-thenable', 'libs/intake/src/engine/c.ts', 'await 1;\nexport {};'],
  [
    '@typescript-eslint/switch-exhaustiveness-check',
    'libs/intake/src/domain/a.ts',
    "export function f(s: 'on' | 'off'): number {\n  switch (s) {\n    case 'on':\n      return 1;\n  }\n  return 0;\n}",
  ],
  [
    '@typescript-eslint/consistent-type-imports',
    'libs/intake/src/domain/b.ts',
    "import { Money } from './money.js';\nexport const free = (price: Money): boolean => price.nano === 0n;",
  ],
  ['@typescript-eslint/consistent-type-exports', 'libs/intake/src/domain/c.ts', "export { Money } from './money.js';"],
  ['@typescript-eslint/no-explicit-any', 'libs/intake/src/domain/d.ts', 'export const all: any[] = [];'],
  ['@typescript-eslint/no-explicit-any', 'libs/intake/src/domain/d.spec.ts', 'export const all: any[] = [];'],
  ['@typescript-eslint/no-unused-vars', 'libs/intake/src/domain/e.ts', 'const idle = 1;\nexport {};'],
  ['@typescript-eslint/only-throw-error', 'libs/intake/src/domain/f.ts', "throw 'a text';"],
  [
    '@typescript-eslint/prefer-promise-reject-errors',
    'libs/intake/src/engine/d.ts',
    "export const refused = (): Promise<never> => Promise.reject('a text');",
  ],
  [
    '@typescript-eslint/explicit-module-boundary-types',
    'libs/intake/src/domain/g.ts',
    'export function price() {\n  return 1;\n}',
  ],
  ['no-restricted-syntax', 'libs/intake/src/domain/h.ts', 'export enum State {\n  On,\n}'],
  ['no-restricted-syntax', 'libs/intake/src/domain/i.ts', 'export default 1;'],
  ['no-restricted-imports', 'libs/intake/src/domain/j.ts', "import 'node:crypto';"],
  ['no-restricted-imports', 'libs/scheduling/src/policy/j.ts', "import 'node:fs';"],
  ['no-restricted-imports', 'libs/intake/src/engine/e.ts', "import 'node:fs';"],
  ['eqeqeq', 'libs/intake/src/domain/k.ts', 'export const same = (a: number, b: number): boolean => a == b;'],
  ['eqeqeq', 'scripts/planted.mjs', 'export const same = (a, b) => a == b;'],
  ['no-var', 'libs/intake/src/domain/l.ts', 'export var open = 1;'],
  ['no-var', 'scripts/var.mjs', 'export var open = 1;'],
  ['prefer-const', 'libs/intake/src/domain/m.ts', 'let fixed = 1;\nexport { fixed };'],
  ['prefer-const', 'scripts/let.mjs', 'let fixed = 1;\nexport { fixed };'],
  ['no-unused-vars', 'scripts/unused.mjs', 'const idle = 1;'],
  ['max-lines', 'libs/intake/src/domain/n.ts', `export {};\n${long(300, '// a line')}`],
  ['max-lines', 'libs/intake/src/domain/n.spec.ts', `export {};\n${long(300, '// a line')}`],
  [
    'max-lines-per-function',
    'libs/intake/src/domain/o.ts',
    `export function f(): void {\n${long(44, '  // a line')}\n}`,
  ],
  [
    'max-params',
    'libs/intake/src/domain/p.ts',
    'export const sum = (a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1): number => a + b + c + d + e + f + g;',
  ],
];

/** What the rules leave alone, on purpose. */
const CLEAN: readonly (readonly [string, string, string])[] = [
  ['a hash in the engine', 'libs/intake/src/engine/z.ts', "import 'node:crypto';"],
  ['built-ins in an adapter', 'libs/adapters/kafka/src/z.ts', "import 'node:fs';"],
  [
    'a caught fault thrown again',
    'libs/intake/src/engine/y.ts',
    'try {\n  f();\n} catch (error) {\n  throw error;\n}\nfunction f(): void {}',
  ],
  ['== null', 'libs/intake/src/domain/z.ts', 'export const none = (a: string | null): boolean => a == null;'],
  [
    'a long describe block',
    'libs/intake/src/domain/z.spec.ts',
    `export function d(): void {\n${long(60, '  // a')}\n}`,
  ],
  [
    // A type-only import here would erase the metadata that Nest injects by.
    'the import of an injected class',
    'apps/gateway/src/z.controller.ts',
    "import { Controller } from '@nestjs/common';\nimport { Clerk } from './clerk.js';\n" +
      '@Controller()\nexport class Desk {\n  constructor(readonly clerk: Clerk) {}\n}',
  ],
];

const workspace = TemporaryWorkspace.create();
let messages: ReadonlyMap<string, readonly LintMessage[]> = new Map();

beforeAll(() => {
  workspace.write({
    'libs/intake/src/domain/money.ts': 'export interface Money {\n  readonly nano: bigint;\n}\n',
    'apps/gateway/src/clerk.ts': 'export class Clerk {}\n',
  });
  for (const [, file, source] of [...PLANTED, ...CLEAN]) workspace.write({ [file]: `${source}\n` });
  messages = lintThroughNx(workspace);
});
afterAll(() => workspace.remove());

function rulesAgainst(file: string): readonly (string | null)[] {
  return [...new Set((messages.get(file) ?? []).map(({ ruleId }) => ruleId))];
}

describe('lint rules, on planted violations', () => {
  it.each(PLANTED)('%s refuses %s', (rule, file) => expect(rulesAgainst(file)).toEqual([rule]));

  it.each(CLEAN)('leaves alone: %s', (_what, file) => {
    expect(messages.has(file)).toBe(true);
    expect(rulesAgainst(file)).toEqual([]);
  });

  it('has a planted violation for every rule that is on', () => {
    const planted = new Set(PLANTED.map(([rule]) => rule));
    const files = ['libs/intake/src/domain/a.ts', 'libs/intake/src/engine/a.ts', 'scripts/planted.mjs'];
    const unproved = files.flatMap(rulesOnFor).filter((rule) => !planted.has(rule));
    expect(unproved).toEqual([]);
  });
});

function rulesOnFor(file: string): readonly string[] {
  const { stdout } = workspace.run('eslint', ['--print-config', file]);
  const { rules } = JSON.parse(stdout) as { readonly rules: Readonly<Record<string, readonly [number]>> };
  return Object.entries(rules)
    .filter(([, [severity]]) => severity > 0)
    .map(([rule]) => rule);
}
