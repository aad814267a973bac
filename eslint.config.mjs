// The floor of docs/architecture.md and the house's style, one comment for each choice that is not the default.
// Run through nx (`npm run lint`): without a cached project graph the boundary rule passes in silence.
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { depConstraints, testDepConstraints } from './tools/architecture/config/nx-constraints.mjs';

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
      'max-lines': ['warn', { max: 300 }],
      'max-lines-per-function': ['warn', { max: 45 }],
    },
  },
  {
    files: ['libs/**/*.ts'],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'error' },
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
      'max-lines-per-function': 'off', // a describe block is one function; specs are split by behaviour instead
    },
  },
);
