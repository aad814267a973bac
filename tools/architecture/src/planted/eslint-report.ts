import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Outcome, TemporaryWorkspace } from './temporary-workspace.js';

export interface LintMessage {
  readonly ruleId: string | null;
  readonly line: number;
  readonly message: string;
}

const REPORT = 'eslint-report.json';

/**
 * Lints the whole workspace the way `npm run lint` does, through nx. Returns the messages by file.
 * Throws with what the tools said when there is no report.
 */
export function lintThroughNx(workspace: TemporaryWorkspace): ReadonlyMap<string, readonly LintMessage[]> {
  const outcome = workspace.run('nx', ['run-many', '-t', 'lint', '--', '-f', 'json', '-o', REPORT]);
  return new Map(readReport(workspace, outcome).map((file) => [workspace.relative(file.filePath), file.messages]));
}

function readReport(
  workspace: TemporaryWorkspace,
  outcome: Outcome,
): readonly { readonly filePath: string; readonly messages: readonly LintMessage[] }[] {
  try {
    return JSON.parse(readFileSync(path.join(workspace.root, REPORT), 'utf8')) as ReturnType<typeof readReport>;
  } catch (error) {
    throw new Error(`no lint report: ${outcome.stdout}${outcome.stderr}`, { cause: error });
  }
}
