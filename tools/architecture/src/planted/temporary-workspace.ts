import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readPackages, type PackageManifest, type WorkspacePackage } from '../packages.js';
import { REPOSITORY } from '../source-files.js';

const CONFIGURATION = [
  ...['package-lock.json', 'nx.json', 'project.json', 'tsconfig.base.json', 'tsconfig.check.json'],
  ...['eslint.config.mjs', '.dependency-cruiser.mjs', 'tools/architecture/config', 'tools/architecture/ratchet.json'],
];

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A copy of this workspace outside of the tree: its configuration, its packages by name, tags and exports, its installed
 * npm packages, but of the sources only what a spec plants. The real tools run on it as they run on the tree.
 */
export class TemporaryWorkspace {
  private constructor(
    readonly root: string,
    readonly packages: readonly WorkspacePackage[],
  ) {}

  /** @param extra packages that exist only here, such as a second kernel. */
  static create(extra: readonly WorkspacePackage[] = []): TemporaryWorkspace {
    const root = mkdtempSync(path.join(tmpdir(), 'millrace-planted-'));
    const workspace = new TemporaryWorkspace(root, [...readPackages(), ...extra]);
    for (const file of CONFIGURATION) {
      cpSync(path.join(REPOSITORY, file), path.join(root, file), { recursive: true });
    }
    const workspaces = workspace.packages.map(({ folder }) => folder);
    workspace.write({ 'package.json': JSON.stringify({ name: 'millrace', nx: { includedScripts: [] }, workspaces }) });
    for (const subject of workspace.packages) workspace.addPackage(subject);
    workspace.linkModules();
    return workspace;
  }

  /** Writes files by path from the root. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(this.root, file)), { recursive: true });
      writeFileSync(path.join(this.root, file), text);
    }
  }

  /** Runs a program of node_modules/.bin in the workspace, and waits for its end. */
  run(program: string, args: readonly string[]): Outcome {
    const file = path.join(this.root, 'node_modules/.bin', program);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', file, ...args], {
      cwd: this.root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    return { status, stdout, stderr };
  }

  relative(file: string): string {
    return path.relative(this.root, file).replaceAll('\\', '/');
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Without dependencies: a cycle that a planted import would close hides the rule under test. */
  private addPackage({ folder, manifest }: WorkspacePackage): void {
    const { name, exports = {}, nx } = manifest;
    const bare = { name, version: '0.1.0', private: true, type: 'module', exports, nx };
    this.write({ [`${folder}/package.json`]: JSON.stringify(bare) });
    for (const source of sourcesOf(exports)) {
      this.write({ [path.posix.join(folder, source)]: 'export const offered = 1;\n' });
    }
  }

  private linkModules(): void {
    const modules = path.join(this.root, 'node_modules');
    mkdirSync(path.join(modules, '@millrace'), { recursive: true });
    for (const entry of readdirSync(path.join(REPOSITORY, 'node_modules'))) {
      if (entry === '@millrace' || entry === '.cache') continue;
      symlinkSync(path.join(REPOSITORY, 'node_modules', entry), path.join(modules, entry), 'junction');
    }
    for (const { folder, manifest } of this.packages) {
      symlinkSync(path.join(this.root, folder), path.join(modules, manifest.name), 'junction');
    }
  }
}

function sourcesOf(exports: NonNullable<PackageManifest['exports']>): readonly string[] {
  // A data file is exported as a mere path.
  return Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [(entry as { readonly source: string }).source],
  );
}
