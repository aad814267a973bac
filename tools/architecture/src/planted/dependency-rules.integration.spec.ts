import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { TemporaryWorkspace } from './temporary-workspace.js';

jest.setTimeout(60_000);

interface CruiseReport {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
    readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] };
  };
}

/** [rules, file, source]: the file breaks these rules and no other. */
const PLANTED: readonly (readonly [readonly string[], string, string])[] = [
  [['no-cycle'], 'libs/intake/src/domain/cycle-a.ts', "import './cycle-b.js';"],
  [['no-cycle'], 'libs/intake/src/domain/a-cycle.ts', "import type { C } from './cycle-c.js';"],
  [['resolvable', 'domain-pure'], 'libs/intake/src/domain/nowhere.ts', "import './missing.js';"],
  [['resolvable'], 'apps/gateway/src/deep.ts', "import '@millrace/intake/src/domain/task.js';"],
  [['resolvable'], 'apps/gateway/src/deep-dist.ts', "import '@millrace/intake/dist/index.js';"],
  [['package-borders'], 'apps/gateway/src/relative.ts', "import '../../../libs/intake/src/index.js';"],
  [['kernel-alone'], 'libs/kernel/src/upward.ts', "import '@millrace/contracts';"],
  [['kernel-alone'], 'libs/kernel/src/disk.ts', "import 'node:fs';"],
  [['kernel-alone'], 'libs/kernel/src/npm.ts', "import 'zod';"],
  [['contracts-pure'], 'libs/contracts/src/upward.ts', "import '@millrace/messaging';"],
  [['contracts-pure'], 'libs/contracts/src/disk.ts', "import 'node:fs';"],
  [['contracts-pure'], 'libs/contracts/src/npm.ts', "import 'ajv';"],
  [['domain-pure'], 'libs/intake/src/domain/upward.ts', "import '../engine/own.js';"],
  [['domain-pure'], 'libs/intake/src/domain/contract.ts', "import '@millrace/contracts';"],
  [['domain-pure'], 'libs/intake/src/domain/hash.ts', "import 'node:crypto';"],
  [['domain-pure'], 'libs/scheduling/src/policy/npm.ts', "import 'zod';"],
  [['domain-pure'], 'libs/scheduling/src/policy/upward.ts', "import type { Own } from '../engine/own.js';"],
  [['engine-through-ports'], 'libs/intake/src/engine/disk.ts', "import 'node:fs';"],
  [['engine-through-ports'], 'libs/intake/src/engine/npm.ts', "import 'zod';"],
  [['engine-through-ports'], 'libs/intake/src/engine/adapter.ts', "import '@millrace/adapter-kafka';"],
  [['engine-through-ports', 'only-platform-and-apps'], 'libs/intake/src/engine/nest.ts', "import '@nestjs/common';"],
  [
    ['engine-through-ports', 'testing-from-tests'],
    'libs/intake/src/engine/fake.ts',
    "import '@millrace/messaging/testing';",
  ],
  [['messaging-technology-free'], 'libs/messaging/src/disk.ts', "import 'node:fs';"],
  [['messaging-technology-free'], 'libs/messaging/src/npm.ts', "import 'zod';"],
  [['contexts-apart', 'engine-through-ports'], 'libs/intake/src/engine/other.ts', "import '@millrace/billing';"],
  [['contexts-apart'], 'libs/intake/src/testing/other.ts', "import '@millrace/billing/testing';"],
  [['adapters-apart'], 'libs/adapters/kafka/src/other.ts', "import '@millrace/adapter-postgres';"],
  [['adapters-apart'], 'libs/adapters/kafka/src/upward.ts', "import '@millrace/platform';"],
  [['platform-below-apps'], 'libs/platform/src/context.ts', "import '@millrace/intake';"],
  [['platform-below-apps'], 'libs/platform/src/adapter.ts', "import '@millrace/adapter-kafka';"],
  [['apps-apart'], 'apps/gateway/src/other.ts', "import '@millrace/app-billing';"],
  [['apps-on-top'], 'libs/test-kit/src/upward.ts', "import '@millrace/app-gateway';"],
  [['e2e-black-box'], 'e2e/src/inside.ts', "import '@millrace/intake';"],
  [['testing-from-tests'], 'apps/gateway/src/fake.ts', "import '@millrace/intake/testing';"],
  [['testing-from-tests'], 'apps/gateway/src/kit.ts', "import '@millrace/test-kit';"],
  [['testing-from-tests'], 'apps/gateway/src/jest.ts', "import '@jest/globals';"],
  [['no-import-of-specs'], 'libs/intake/src/testing/spec.ts', "import '../domain/clean.spec.js';"],
  [['rows-at-home'], 'libs/adapters/postgres/src/scheduling/row.ts', "import '../intake/task.row.js';"],
  [['rows-at-home'], 'libs/adapters/postgres/src/mapping.ts', "import './intake/task.mapping.js';"],
  [['only-kafka-adapter'], 'apps/gateway/src/kafka.ts', "import 'kafkajs';"],
  [['only-postgres-adapter'], 'apps/gateway/src/pg.ts', "import 'pg';"],
  [['only-postgres-adapter'], 'libs/adapters/kafka/src/typeorm.ts', "import 'typeorm';"],
  [['only-onnx-adapter'], 'apps/gpu-worker/src/onnx.ts', "import 'onnxruntime-node';"],
  [['only-object-store-adapter'], 'apps/gateway/src/s3.ts', "import '@aws-sdk/client-s3';"],
  [['only-webhook-adapter'], 'apps/notifier/src/undici.ts', "import 'undici';"],
  [['only-webhook-adapter'], 'apps/notifier/src/signature.ts', "import 'standardwebhooks';"],
  [['only-platform-and-apps'], 'libs/adapters/kafka/src/nest.ts', "import '@nestjs/common';"],
  [['only-platform-and-apps'], 'libs/adapters/kafka/src/metrics.ts', "import 'prom-client';"],
  [['no-dead-file'], 'libs/intake/src/domain/unreached.ts', 'export const idle = 1;'],
];

/** What the rules leave alone, on purpose. */
const CLEAN: readonly (readonly [string, string])[] = [
  ['libs/kernel/src/hash.ts', "import 'node:crypto';"],
  ['libs/contracts/src/schema.ts', "import 'zod'; import '@millrace/kernel';"],
  ['libs/messaging/src/carry.ts', "import 'node:async_hooks'; import '@millrace/contracts';"],
  ['libs/intake/src/domain/facts.ts', "import '@millrace/kernel'; import './own.js';"],
  [
    'libs/intake/src/engine/use-case.ts',
    "import 'node:crypto'; import '@millrace/contracts'; import '@millrace/messaging/ports'; import '../domain/own.js';",
  ],
  ['libs/intake/src/domain/clean.spec.ts', "import '@jest/globals'; import 'fast-check'; import 'node:fs';"],
  ['libs/intake/src/testing/builder.ts', "import '@millrace/messaging/testing'; import '@jest/globals';"],
  ['libs/adapters/kafka/src/client.ts', "import 'kafkajs'; import 'node:fs'; import '@millrace/messaging/ports';"],
  ['libs/adapters/kafka/src/client.integration.spec.ts', "import '@millrace/test-kit';"],
  ['libs/adapters/postgres/src/intake/store.ts', "import './task.row.js'; import './task.mapping.js'; import 'pg';"],
  ['libs/adapters/webhook-http/src/send.ts', "import 'undici'; import '@millrace/notifications';"],
  ['apps/gateway/src/wire.ts', "import '@nestjs/common'; import '@millrace/intake'; import '@millrace/adapter-kafka';"],
  ['apps/standalone/src/wire.ts', "import '@millrace/app-gateway'; import '@millrace/app-billing';"],
  ['e2e/src/outside.ts', "import '@millrace/contracts'; import '@millrace/test-kit'; import '@millrace/kernel';"],
];

/** Files that the planted ones need, without a fault of their own. */
const SCENERY: Readonly<Record<string, string>> = {
  'libs/intake/src/domain/own.ts': 'export const own = 1;',
  'libs/intake/src/domain/cycle-b.ts': "import './cycle-a.js';",
  'libs/intake/src/domain/cycle-c.ts': "import './a-cycle.js';",
  'libs/intake/src/engine/own.ts': 'export const own = 1;',
  'libs/scheduling/src/engine/own.ts': 'export const own = 1;',
  'libs/adapters/postgres/src/intake/task.row.ts': 'export const row = 1;',
  'libs/adapters/postgres/src/intake/task.mapping.ts': 'export const mapping = 1;',
};

const workspace = TemporaryWorkspace.create();
let report: CruiseReport;

beforeAll(() => {
  for (const [file, text] of Object.entries(SCENERY)) workspace.write({ [file]: `${text}\n` });
  for (const [, file, text] of PLANTED) workspace.write({ [file]: `${text}\n` });
  for (const [file, text] of CLEAN) workspace.write({ [file]: `${text}\n` });
  workspace.write({ 'e2e/src/all.ts': reachEverything() });
  const folders = ['libs', 'apps', 'e2e', 'tools'];
  const outcome = workspace.run('depcruise', ['-c', '.dependency-cruiser.mjs', '-T', 'json', ...folders]);
  report = JSON.parse(outcome.stdout || `"${outcome.stderr}"`) as CruiseReport;
});
afterAll(() => workspace.remove());

/** An entry point that imports every file but the one planted as dead, so that only that one is. */
function reachEverything(): string {
  const dead = PLANTED.filter(([rules]) => rules.includes('no-dead-file')).map(([, file]) => file);
  const files = [...Object.keys(SCENERY), ...PLANTED.map(([, file]) => file), ...CLEAN.map(([file]) => file)];
  return files
    .filter((file) => !dead.includes(file))
    .map((file) => `import '../../${file.replace(/\.ts$/, '.js')}';\n`)
    .join('');
}

function rulesAgainst(file: string): readonly string[] {
  const against = report.summary.violations.filter(({ from }) => from === file).map(({ rule }) => rule.name);
  return [...new Set(against)].sort();
}

describe('dependency rules, on planted violations', () => {
  it.each(PLANTED)('%j meets %s', (rules, file) => expect(rulesAgainst(file)).toEqual([...rules].sort()));

  it.each(CLEAN)('leaves alone: %s', (file) => {
    expect(report.modules.map(({ source }) => source)).toContain(file);
    expect(rulesAgainst(file)).toEqual([]);
  });

  it('has a planted violation for every rule', () => {
    const planted = new Set(PLANTED.flatMap(([rules]) => rules));
    const rules = report.summary.ruleSetUsed.forbidden.map(({ name }) => name);
    expect(rules.length).toBeGreaterThan(15);
    expect(rules.filter((name) => !planted.has(name))).toEqual([]);
  });
});
