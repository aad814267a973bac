import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readConstraints, type DependencyConstraint } from '../constraints.js';
import type { WorkspacePackage } from '../packages.js';
import { lintThroughNx, type LintMessage } from './eslint-report.js';
import { TemporaryWorkspace } from './temporary-workspace.js';

jest.setTimeout(60_000);

const RULE = '@nx/enforce-module-boundaries';
const GROUND = ['kernel', 'contracts', 'messaging'];
const ADAPTERS = ['file-spool', 'kafka', 'machine', 'object-store', 'onnx', 'postgres', 'webhook-http'].map(
  (technology) => `adapter-${technology}`,
);
const APPS = ['gateway', 'scheduler', 'gpu-worker', 'billing', 'notifier'].map((service) => `app-${service}`);
const NEST = ['@nestjs/common', 'reflect-metadata', 'rxjs', 'fastify', 'prom-client', 'zod'];

/**
 * docs/architecture.md section 4, "Who may import whom", package by package: [workspace packages, npm packages].
 * Written out again on purpose: it is what the constraints are held to.
 */
const MAY_IMPORT: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  kernel: [['planted-kernel'], []],
  contracts: [['kernel'], ['zod']],
  messaging: [['kernel', 'contracts'], []],
  intake: [GROUND, []],
  scheduling: [GROUND, []],
  execution: [GROUND, []],
  billing: [GROUND, []],
  notifications: [GROUND, []],
  capacity: [GROUND, []],
  'adapter-file-spool': [[...GROUND, 'execution'], []],
  'adapter-kafka': [GROUND, ['kafkajs']],
  'adapter-machine': [[...GROUND, 'execution'], []],
  'adapter-object-store': [[...GROUND, 'execution'], ['@aws-sdk/client-s3']],
  'adapter-onnx': [
    [...GROUND, 'execution'],
    ['onnxruntime-node', '@ffmpeg-installer/ffmpeg', 'zod'],
  ],
  'adapter-postgres': [
    [...GROUND, 'intake', 'scheduling', 'billing', 'notifications'],
    ['pg', 'typeorm'],
  ],
  'adapter-webhook-http': [
    [...GROUND, 'notifications', 'intake', 'execution'],
    ['undici', 'standardwebhooks'],
  ],
  platform: [GROUND, [...NEST, '@opentelemetry/api', 'pino']],
  'app-gateway': [[...GROUND, 'intake', 'platform', ...ADAPTERS], NEST],
  'app-scheduler': [[...GROUND, 'scheduling', 'platform', ...ADAPTERS], NEST],
  'app-gpu-worker': [[...GROUND, 'execution', 'notifications', 'platform', ...ADAPTERS], NEST],
  'app-billing': [[...GROUND, 'billing', 'platform', ...ADAPTERS], NEST],
  'app-notifier': [[...GROUND, 'notifications', 'platform', ...ADAPTERS], NEST],
  'app-standalone': [
    [...GROUND, 'intake', 'execution', 'notifications', 'platform', ...ADAPTERS, ...APPS],
    ['prom-client', 'zod'],
  ],
  'app-simulator': [[...GROUND, 'scheduling', 'capacity'], ['yaml']],
  'test-kit': [
    ['kernel', 'contracts', 'adapter-postgres'],
    ['@aws-sdk/client-s3', 'kafkajs', '@jest/globals'],
  ],
  e2e: [
    ['kernel', 'contracts', 'test-kit', 'checker'],
    ['kafkajs', 'standardwebhooks', '@ffmpeg-installer/ffmpeg'],
  ],
  checker: [[...GROUND, 'billing', 'adapter-postgres', 'adapter-kafka'], []],
  bench: [[...GROUND, 'scheduling', 'adapter-postgres'], []],
  simulation: [
    [...GROUND, 'intake', 'scheduling', 'execution', 'billing', 'notifications', 'capacity', 'checker'],
    ['standardwebhooks'],
  ],
  architecture: [[], []],
};

/** What specs of any package may use besides: `type:test` opens the kit, the list opens the test libraries. */
const TESTS_MAY_IMPORT = ['@jest/globals', 'fast-check'];
const IN_TEST_ROOM = ['test-kit', 'e2e', 'checker', 'simulation', 'bench', 'architecture'];

const NPM = [
  ...[...NEST, '@opentelemetry/api', 'pino', 'pg', 'typeorm', 'kafkajs', '@aws-sdk/client-s3', 'onnxruntime-node'],
  ...['@ffmpeg-installer/ffmpeg', 'undici', 'standardwebhooks', '@jest/globals', 'fast-check', 'yaml'],
];

/** Exists only here: proves the scope entries of kernel and contracts, which the type entries hide otherwise. */
const SECOND_KERNEL: WorkspacePackage = {
  folder: 'libs/planted-kernel',
  manifest: {
    name: '@millrace/planted-kernel',
    exports: { '.': { source: './src/index.ts' } },
    nx: { tags: ['type:kernel', 'scope:planted-kernel'] },
  },
};

const workspace = TemporaryWorkspace.create([SECOND_KERNEL]);
const names = Object.keys(MAY_IMPORT);
/** A package that exports nothing can't be imported: the compiler and dependency-cruiser refuse that. */
const specifiers = workspace.packages.flatMap(({ manifest }) => specifierOf(manifest) ?? []);
let messages: ReadonlyMap<string, readonly LintMessage[]> = new Map();
let constraints: readonly DependencyConstraint[] = [];

beforeAll(async () => {
  for (const name of names) {
    const lines = [...specifiers.filter((specifier) => specifier !== ofPackage(name)), ...NPM];
    workspace.write({
      [plantedFile(name)]: lines.map((specifier) => `import '${specifier}';`).join('\n'),
      [plantedFile(name, 'spec.ts')]: lines.map((specifier) => `import '${specifier}';`).join('\n'),
    });
  }
  workspace.write({ [plantedFile('intake', 'relative.ts')]: "import '../../billing/src/index.js';" });
  constraints = await readConstraints();
  messages = lintThroughNx(workspace);
});
afterAll(() => workspace.remove());

/** The first that a package exports: its index, or for one without an index a part. */
function specifierOf({ name, exports = {} }: WorkspacePackage['manifest']): string | undefined {
  const [first] = Object.keys(exports);
  return first?.replace('.', name);
}

function ofPackage(name: string): string {
  const found = workspace.packages.find(({ manifest }) => manifest.name === `@millrace/${name}`);
  return (found && specifierOf(found.manifest)) ?? `@millrace/${name}`;
}

function plantedFile(name: string, ending = 'ts'): string {
  const subject = workspace.packages.find(({ manifest }) => manifest.name === `@millrace/${name}`);
  return `${subject?.folder ?? ''}/src/planted.${ending}`;
}

function refusedBy(file: string): readonly LintMessage[] {
  return (messages.get(file) ?? []).filter(({ ruleId }) => ruleId === RULE);
}

/** What the file may import: of everything planted, what the rule let pass. */
function passed(name: string, file: string): readonly string[] {
  const lines = [...specifiers.filter((specifier) => specifier !== ofPackage(name)), ...NPM];
  const refused = new Set(refusedBy(file).map(({ line }) => lines[line - 1]));
  return lines.filter((specifier) => !refused.has(specifier)).sort();
}

describe('Nx boundaries, on a planted import of everything by everything', () => {
  it('covers every package', () => {
    const real = workspace.packages.filter((subject) => subject !== SECOND_KERNEL);
    expect(names.map((name) => `@millrace/${name}`).sort()).toEqual(real.map(({ manifest }) => manifest.name).sort());
  });

  it.each(names)('%s imports what the table says, and nothing else', (name) => {
    const [own, npm] = MAY_IMPORT[name] ?? [[], []];
    const expected = [...own.filter((other) => other !== 'planted-kernel').map(ofPackage), ...npm];
    const tests = IN_TEST_ROOM.includes(name) ? TESTS_MAY_IMPORT : [];
    const kit = IN_TEST_ROOM.includes(name) && name !== 'test-kit' ? ['@millrace/test-kit'] : [];
    expect(passed(name, plantedFile(name))).toEqual([...new Set([...expected, ...tests, ...kit])].sort());
  });

  it.each(names)('a spec of %s may use the test kit and the test libraries besides, and nothing else', (name) => {
    const production = passed(name, plantedFile(name));
    const kit = name === 'test-kit' ? [] : ['@millrace/test-kit'];
    expect(passed(name, plantedFile(name, 'spec.ts'))).toEqual(
      [...new Set([...production, ...kit, ...TESTS_MAY_IMPORT])].sort(),
    );
  });

  it('each constraint refuses something in its own name', () => {
    const all = names.flatMap((name) => refusedBy(plantedFile(name))).map(({ message }) => message);
    const silent = constraints.filter(({ sourceTag }) => !all.some((message) => message.includes(`"${sourceTag}"`)));
    expect(silent.map(({ sourceTag }) => sourceTag)).toEqual([]);
  });

  it('each list of npm packages refuses one in its own name', () => {
    const all = names.flatMap((name) => refusedBy(plantedFile(name))).map(({ message }) => message);
    const lists = constraints.filter(({ allowedExternalImports }) => allowedExternalImports !== undefined);
    const refusal = /tagged with "(\S+)" is not allowed to import "(?!@millrace\/)/;
    const speaking = new Set(all.map((message) => refusal.exec(message)?.[1]));
    expect(lists.map(({ sourceTag }) => sourceTag).filter((tag) => !speaking.has(tag))).toEqual([]);
  });

  it('refuses a path into another package', () => {
    expect(refusedBy(plantedFile('intake', 'relative.ts'))).toEqual([
      expect.objectContaining({ message: expect.stringContaining('cannot be imported by a relative') }),
    ]);
  });
});
