import { describe, expect, it } from '@jest/globals';
import { readConstraints } from './constraints.js';
import {
  dependencyFaults,
  readPackages,
  readReferences,
  readRootManifest,
  tagFaults,
  type WorkspacePackage,
} from './packages.js';
import { listFiles, readSources } from './source-files.js';

const CONTEXTS = ['intake', 'scheduling', 'execution', 'billing', 'notifications'];
/** Policies that the simulator runs too. */
const POLICY = new Set(['@millrace/scheduling ./policy']);
const TEST_CODE = /\.spec\.ts$|\/testing\/|^libs\/adapters\/[^/]+\/test\/|^(?:libs\/test-kit|e2e|tools)\/|\/scripts\//;
const isTestCode = (path: string): boolean => TEST_CODE.test(path);

/** npm packages that are loaded without an import of ours, and by whom. */
const LOADED_BY_NAME = [
  '@nestjs/core', // peer dependency of @nestjs/microservices
  '@nestjs/platform-fastify', // NestFactory, and the peer dependency of it
  '@nestjs/microservices', // @nestjs/core, where a handler is an event handler
  'rxjs', // peer dependency of every @nestjs package
  'reflect-metadata', // the same
];

const packages = readPackages();

function planted(manifest: Partial<WorkspacePackage['manifest']>): WorkspacePackage {
  return { folder: 'libs/planted', manifest: { name: '@millrace/planted', ...manifest } };
}

describe('tags', () => {
  it('complains about a package without both tags, or with one that no constraint knows', () => {
    const known = ['type:engine', 'scope:intake'];
    expect(tagFaults(planted({}), known)).toEqual(['needs exactly one type: tag', 'needs exactly one scope: tag']);
    expect(tagFaults(planted({ nx: { tags: ['type:engine', 'scope:new'] } }), known)).toEqual([
      'scope:new has no constraint',
    ]);
    expect(tagFaults(planted({ nx: { tags: known } }), known)).toEqual([]);
  });

  it.each(packages)('are both there, with a constraint: $manifest.name', async (subject) => {
    expect(
      tagFaults(
        subject,
        (await readConstraints()).map(({ sourceTag }) => sourceTag),
      ),
    ).toEqual([]);
  });

  it('have no constraint without a package, and none for everything', async () => {
    const used = packages.flatMap(({ manifest }) => manifest.nx?.tags ?? []);
    const idle = (await readConstraints()).filter(({ sourceTag }) => !used.includes(sourceTag));
    expect(idle).toEqual([]);
  });

  it('name each scope once, so that no package hides behind another', () => {
    const scopes = packages.flatMap(
      ({ manifest }) => manifest.nx?.tags?.filter((tag) => tag.startsWith('scope:')) ?? [],
    );
    expect([...new Set(scopes)]).toEqual(scopes);
  });
});

describe('package exports', () => {
  it.each(packages.filter(({ manifest }) => CONTEXTS.includes(manifest.name.replace('@millrace/', ''))))(
    'of a context are its index, its ports and its testing: $manifest.name',
    ({ manifest }) =>
      expect(Object.keys(manifest.exports ?? {}).filter((name) => !POLICY.has(`${manifest.name} ${name}`))).toEqual([
        '.',
        './ports',
        './testing',
      ]),
  );

  it.each(packages)('are listed, never patterns, and each has its source: $manifest.name', ({ manifest }) => {
    const entries = Object.entries(manifest.exports ?? {});
    for (const [name, entry] of entries) {
      expect(name).not.toContain('*');
      // A data file is named as it is; all else is source.
      if (name.endsWith('.json')) expect(entry).toBe(name);
      else expect(entry).toMatchObject({ source: expect.stringMatching(/^\.\/src\/.*\.ts$/) });
    }
  });
});

describe('declared dependencies', () => {
  const source = (path: string, text: string): { path: string; text: string } => ({ path, text });

  it('complains about what is used without being declared, and what is declared without being used', () => {
    const subject = planted({ dependencies: { zod: '4', pg: '8' }, devDependencies: { ajv: '8' } });
    const sources = [
      source('libs/planted/src/a.ts', "import { z } from 'zod'; import type { Static } from 'undici/types';"),
      source('libs/planted/src/b.ts', "export const load = () => import('ajv'); import 'node:fs';"),
      source(
        'libs/planted/src/b.spec.ts',
        "import fc from 'fast-check'; const s = createRequire(here)" + "('pino/x.json');",
      ),
    ];
    expect(dependencyFaults(subject, sources, ['fast-check'], isTestCode, [])).toEqual([
      { package: '@millrace/planted', dependency: 'undici', fault: 'not declared' },
      { package: '@millrace/planted', dependency: 'ajv', fault: 'declared for tests only, used in production' },
      { package: '@millrace/planted', dependency: 'pino', fault: 'not declared' },
      { package: '@millrace/planted', dependency: 'pg', fault: 'not used' },
    ]);
  });

  it.each(packages)('are what the sources import: $manifest.name', (subject) => {
    const sources = readSources(listFiles(['.ts', '.mjs'], [subject.folder]));
    const rootOnly = Object.keys(readRootManifest().devDependencies ?? {});
    expect(dependencyFaults(subject, sources, rootOnly, isTestCode, LOADED_BY_NAME)).toEqual([]);
  });
});

describe('project references', () => {
  const folderOf = (name: string): string | undefined =>
    packages.find(({ manifest }) => manifest.name === name)?.folder;

  it.each(packages.filter((subject) => readReferences(subject) !== undefined))(
    'are the workspace dependencies, so that tsc -b builds in order: $manifest.name',
    (subject) => {
      const dependencies = Object.keys(subject.manifest.dependencies ?? {}).map(folderOf);
      const folders = dependencies.filter((folder) => folder !== undefined);
      expect([...(readReferences(subject) ?? [])].sort()).toEqual(folders.sort());
    },
  );
});
