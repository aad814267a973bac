import path from 'node:path';
import { REPOSITORY } from './source-files.js';

/** An entry of `depConstraints` of @nx/enforce-module-boundaries. */
export interface DependencyConstraint {
  readonly sourceTag: string;
  readonly onlyDependOnLibsWithTags: readonly string[];
  readonly allowedExternalImports?: readonly string[];
}

/** The constraints that eslint.config.mjs applies to production code. */
export async function readConstraints(): Promise<readonly DependencyConstraint[]> {
  const file = path.join(REPOSITORY, 'tools/architecture/config/nx-constraints.mjs');
  const { depConstraints } = (await import(file)) as { readonly depConstraints: readonly DependencyConstraint[] };
  return depConstraints;
}
