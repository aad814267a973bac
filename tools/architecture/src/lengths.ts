import ts from 'typescript';
import type { SourceFile } from './source-files.js';

/** Lines of a file, as eslint counts them: a newline at the end begins no line. */
export function fileLinesOf({ text }: SourceFile): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** Lines of the longest function of a file, from its first line to its last. */
export function longestFunctionLinesOf({ path, text }: SourceFile): number {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lineAt = (position: number): number => file.getLineAndCharacterOfPosition(position).line;
  let longest = 0;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) longest = Math.max(longest, lineAt(node.end) - lineAt(node.getStart(file)) + 1);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return longest;
}
