import { codeOnly } from './code-only.js';
import type { SourceFile } from './source-files.js';

const EXPORTED = /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function|class|interface|type) (\w+)/gm;
const NAME = /[A-Za-z_$][\w$]*/g;

/**
 * Exports that nothing says again: not their own file, not another one; being passed on by an index counts for nothing.
 * Names are compared as words, so two exports of one name hide each other: it misses some, and accuses none.
 * @returns `path name`, sorted.
 */
export function findDeadExports(files: readonly SourceFile[]): readonly string[] {
  const sources = files.map(({ path, text }) => ({ path, code: codeOnly(path, text) }));
  const uses = countUses(sources);
  return sources
    .flatMap(({ path, code }) => [...code.matchAll(EXPORTED)].map(([, name = '']) => ({ path, name })))
    .filter(({ name }) => uses.get(name) === 1)
    .map(({ path, name }) => `${path} ${name}`)
    .sort();
}

function countUses(sources: readonly { readonly path: string; readonly code: string }[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { path, code } of sources) {
    for (const [name, count] of countWords(code)) {
      const passedOn = path.endsWith('/index.ts') && count === 1;
      uses.set(name, (uses.get(name) ?? 0) + (passedOn ? 0 : count));
    }
  }
  return uses;
}

function countWords(code: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [name] of code.matchAll(NAME)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
