import { describe, expect, it } from '@jest/globals';
import { findDeadExports } from './dead-exports.js';
import { listFiles, readSources } from './source-files.js';

const CONFIGURATION = ['eslint.config.mjs', 'jest.config.js', '.dependency-cruiser.mjs'];

describe('dead exports', () => {
  it('meets an export that nothing says again, also when an index passes it on', () => {
    const files = [
      { path: 'libs/a/src/a.ts', text: '/** idle */\nexport const idle = 1;\nexport interface Passed {}\n' },
      { path: 'libs/a/src/index.ts', text: "export type { Passed } from './a.js';" },
    ];
    expect(findDeadExports(files)).toEqual(['libs/a/src/a.ts Passed', 'libs/a/src/a.ts idle']);
  });

  it('leaves alone what its own file, a spec or another package uses', () => {
    const files = [
      { path: 'libs/a/src/a.ts', text: 'export type Size = 1;\nexport function f(): Size {\n  return 1;\n}\n' },
      { path: 'libs/a/src/index.ts', text: "export { f } from './a.js';" },
      { path: 'libs/b/src/b.spec.ts', text: "import { f } from '@millrace/a';\nf();" },
    ];
    expect(findDeadExports(files)).toEqual([]);
  });

  it('are none in the whole tree', () => {
    const files = [...listFiles(['.ts', '.mjs']), ...CONFIGURATION];
    expect(findDeadExports(readSources(files))).toEqual([]);
  });
});
