// The house's lint floor (docs/architecture.md), with a comment for each choice that is not the default.
// Run through nx (`npm run lint`): without a cached project graph the boundary rule passes in silence.
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { readFileSync } from 'node:fs';
import { depConstraints, testDepConstraints } from './tools/architecture/config/nx-constraints.mjs';

/** Length limits, and today's exceptions with their reasons; ratchet.spec.ts lets an exception only shrink. */
const { limits, exceptions } = JSON.parse(
  readFileSync(new URL('./tools/architecture/ratchet.json', import.meta.url), 'utf8'),
);
const fileLength = (max) => ({ 'max-lines': ['error', { max }] });
const functionLength = (max) => ({ 'max-lines-per-function': ['error', { max }] });

const TYPESCRIPT = ['{libs,apps,tools}/**/*.ts', 'e2e/**/*.ts'];
const TESTS = ['**/*.spec.ts', '**/{testing,test}/**/*.ts', '{libs/test-kit,e2e,tools}/**/*.ts'];
/** Pure rooms: facts in, decisions out. */
const PURE = ['libs/*/src/{domain,policy}/**/*.ts'];
const ENGINE = ['libs/*/src/engine/**/*.ts'];

const boundaries = (constraints) => ({
  '@nx/enforce-module-boundaries': ['error', { allow: [], depConstraints: constraints }],
});

const noBuiltIns = (message, except = []) => ({
  'no-restricted-imports': [
    'error',
    { patterns: [{ group: ['node:*', ...except.map((name) => `!${name}`)], message }] },
  ],
});

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.nx/**',
      '.millrace/**',
      'coverage/**',
      'models/**',
      'apps/gateway/public/**',
    ],
  },
  {
    files: ['**/*.{js,mjs}'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-unused-vars': 'error',
      'no-undef': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }], // `== null` asks for both kinds of nothing
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: TYPESCRIPT,
    extends: [tseslint.configs.base],
    languageOptions: {
      parserOptions: { project: ['./tsconfig.check.json'], tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@nx': nx },
    rules: {
      ...boundaries(depConstraints),
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        // `default: return assertNever(x)` closes a switch; a default that swallows new members does not.
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      // Files with decorators are left alone by the rule (emitDecoratorMetadata): a type-only import of an
      // injected class would erase the metadata that Nest injects by.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // What was caught (`unknown`) may be thrown again as it came.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use an `as const` object and its union instead of an enum.' },
        { selector: 'ExportDefaultDeclaration', message: 'Use a named export, named like the file.' },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }], // `== null` asks for both kinds of nothing
      'no-var': 'error',
      'prefer-const': 'error',
      ...fileLength(limits.fileLines),
      ...functionLength(limits.functionLines),
      // More collaborators than this are two classes, or a named bag of options.
      'max-params': ['error', { max: 6 }],
    },
  },
  {
    files: ['libs/**/*.ts'],
    // The type of a schema builder is its schema: written out by hand it would only say it twice.
    ignores: ['libs/contracts/src/http/fields.ts'],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'error' },
  },
  {
    files: ['**/*.d.ts'], // they describe other people's modules, default exports and all
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: PURE,
    rules: noBuiltIns('Domain and policy are pure: pass the fact in, or move this line to the engine or an adapter.'),
  },
  {
    files: ENGINE,
    rules: noBuiltIns('The engine reaches the world through ports only (node:crypto, for hashes, is the exception).', [
      'node:crypto',
    ]),
  },
  {
    files: TESTS,
    rules: {
      ...boundaries(testDepConstraints),
      'max-params': 'off',
      'max-lines-per-function': 'off', // a describe block is one function; specs are split by behaviour instead
    },
  },
  ...exceptions.map(({ file, fileLines, functionLines }) => ({
    files: [file],
    rules: { ...(fileLines && fileLength(fileLines)), ...(functionLines && functionLength(functionLines)) },
  })),
);
