import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { REPOSITORY, type SourceFile } from './source-files.js';

type Versions = Readonly<Record<string, string>>;

export interface PackageManifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly nx?: { readonly tags?: readonly string[] };
}

/** A workspace and its package.json; `folder` is relative to the repository's root. */
export interface WorkspacePackage {
  readonly folder: string;
  readonly manifest: PackageManifest;
}

export interface DependencyFault {
  readonly package: string;
  readonly dependency: string;
  readonly fault: 'not declared' | 'not used' | 'declared for tests only, used in production';
}

/** Root manifest: what tests of every package may use without declaring it again. */
export function readRootManifest(): PackageManifest & { readonly workspaces: readonly string[] } {
  return readJson('package.json') as PackageManifest & { readonly workspaces: readonly string[] };
}

export function readPackages(): readonly WorkspacePackage[] {
  return readRootManifest().workspaces.map((folder) => ({
    folder,
    manifest: readJson(`${folder}/package.json`) as PackageManifest,
  }));
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(path.join(REPOSITORY, file), 'utf8'));
}

/** Folders of the packages that the package's tsconfig.json references, or undefined where nothing is built. */
export function readReferences({ folder }: WorkspacePackage): readonly string[] | undefined {
  if (!existsSync(path.join(REPOSITORY, folder, 'tsconfig.json'))) return undefined;
  const { references = [] } = readJson(`${folder}/tsconfig.json`) as {
    readonly references?: readonly { path: string }[];
  };
  return references.map((reference) => path.posix.join(folder, reference.path));
}

/** Complaints about a package's Nx tags: exactly one `type:`, exactly one `scope:`, each with a constraint. */
export function tagFaults({ manifest }: WorkspacePackage, constrained: readonly string[]): readonly string[] {
  const tags = manifest.nx?.tags ?? [];
  const unknown = tags.filter((tag) => !constrained.includes(tag)).map((tag) => `${tag} has no constraint`);
  const missing = ['type', 'scope']
    .filter((kind) => tags.filter((tag) => tag.startsWith(`${kind}:`)).length !== 1)
    .map((kind) => `needs exactly one ${kind}: tag`);
  return [...unknown, ...missing];
}

/**
 * Compares what the sources of a package import with what its package.json declares. Test code may use the root's
 * devDependencies; production code only what stands under `dependencies`.
 * @param loadedByName npm packages that no import names, because something else loads them.
 */
export function dependencyFaults(
  subject: WorkspacePackage,
  sources: readonly SourceFile[],
  rootDevDependencies: readonly string[],
  isTestCode: (path: string) => boolean,
  loadedByName: readonly string[],
): readonly DependencyFault[] {
  const { name, dependencies = {}, devDependencies = {} } = subject.manifest;
  const testOnly = [...rootDevDependencies, ...Object.keys(devDependencies)];
  const used = new Set<string>();
  const faults = new Map<string, DependencyFault>();
  const note = (dependency: string, fault: DependencyFault['fault']): void =>
    void faults.set(`${fault} ${dependency}`, { package: name, dependency, fault });
  for (const source of sources) {
    for (const dependency of importedPackages(source)) {
      used.add(dependency);
      if (dependency in dependencies || dependency === name) continue;
      if (!testOnly.includes(dependency)) note(dependency, 'not declared');
      else if (!isTestCode(source.path)) note(dependency, 'declared for tests only, used in production');
    }
  }
  for (const dependency of Object.keys({ ...dependencies, ...devDependencies })) {
    if (!used.has(dependency) && !loadedByName.includes(dependency)) note(dependency, 'not used');
  }
  return [...faults.values()];
}

/** Packages that are loaded, or asked for their place, other than by an import. */
const LOADED = /(?:\b(?:require|meta)\.resolve|\bcreateRequire\([^)]*\))\(\s*'([^']*)'/g;

function importedPackages({ text }: SourceFile): readonly string[] {
  const imports = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  const resolved = [...text.matchAll(LOADED)].map(([, name = '']) => name);
  return [...imports, ...resolved].filter((name) => /^[@a-z]/.test(name) && !isBuiltin(name)).map(packageOf);
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
