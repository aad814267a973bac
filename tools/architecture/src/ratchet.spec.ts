import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { fileLinesOf, longestFunctionLinesOf } from './lengths.js';
import { REPOSITORY, readSources, type SourceFile } from './source-files.js';

interface Exception {
  readonly file: string;
  readonly fileLines?: number;
  readonly functionLines?: number;
  readonly reason: string;
}

const { limits, exceptions } = JSON.parse(
  readFileSync(path.join(REPOSITORY, 'tools/architecture/ratchet.json'), 'utf8'),
) as { readonly limits: { fileLines: number; functionLines: number }; readonly exceptions: readonly Exception[] };

/** The file may lose a few lines before its exception has to be lowered. */
const SLACK_LINES = 5;

describe('the ratchet for lengths (eslint applies it)', () => {
  it('knows each file once, with a reason', () => {
    const files = exceptions.map(({ file }) => file);
    expect([...new Set(files)]).toEqual(files);
    for (const { reason } of exceptions) expect(reason).toMatch(/\w+ .*\.$/);
  });

  const entries = exceptions.flatMap(({ file, fileLines, functionLines }) => [
    ...(fileLines === undefined ? [] : [['file', file, fileLines, limits.fileLines, fileLinesOf] as const]),
    ...(functionLines === undefined
      ? []
      : [['function', file, functionLines, limits.functionLines, longestFunctionLinesOf] as const]),
  ]);

  it.each(entries)('only shrinks: %s length of %s', (_kind, file, allowed, limit, measure) => {
    const actual = measure(readSources([file])[0] as SourceFile);
    expect(allowed).toBeGreaterThan(limit);
    // Lower the figure in ratchet.json, or take the entry out when the file is within the limit.
    expect(actual).toBeGreaterThan(Math.max(limit, allowed - SLACK_LINES));
  });

  it('measures as eslint does', () => {
    const text = 'const a = 1;\nexport function two(): void {\n  a;\n}\n';
    expect([fileLinesOf({ path: 'a.ts', text }), longestFunctionLinesOf({ path: 'a.ts', text })]).toEqual([4, 3]);
  });
});
