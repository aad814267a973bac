import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** A file of the tree; `path` is relative to the repository's root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '.git', '.nx', '.millrace', '.cache']);
const ROOTS = ['libs', 'apps', 'e2e', 'tools'];

/** Paths of all files below `folder` whose name ends in one of `endings`, without what tools made. */
export function listFiles(endings: readonly string[], folders: readonly string[] = ROOTS): readonly string[] {
  return folders.flatMap((folder) => walk(folder)).filter((file) => endings.some((ending) => file.endsWith(ending)));
}

export function readSources(paths: readonly string[]): readonly SourceFile[] {
  return paths.map((file) => ({ path: file, text: readFileSync(path.join(REPOSITORY, file), 'utf8') }));
}

function walk(folder: string): readonly string[] {
  return readdirSync(path.join(REPOSITORY, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : walk(file);
    return entry.isFile() ? [file] : [];
  });
}
