import { describe, expect, it } from '@jest/globals';
import { EMPTY_WORDS, findMisnamed } from './file-names.js';
import { listFiles } from './source-files.js';

describe('file names', () => {
  it.each([
    ['libs/intake/src/engine/AcceptTasks.ts', 'kebab-case'],
    ['libs/intake/src/engine/accept_tasks.ts', 'kebab-case'],
    ['libs/intake/src/Engine/accept-tasks.ts', 'kebab-case'],
    ['libs/common/src/index.ts', 'names nothing'],
    ['libs/intake/src/engine/accept-tasks.usecase.ts', '.usecase'],
    ['libs/intake/src/engine/ports/task-reader.ts', 'x.port.ts'],
    ...EMPTY_WORDS.map((word) => [`libs/intake/src/engine/${word}.ts`, 'names nothing']),
  ])('complains about %s: %s', (path, why) => {
    expect(findMisnamed([path])).toEqual([{ path, why: expect.stringContaining(why) }]);
  });

  it('takes what the house writes', () => {
    const paths = [
      'libs/intake/src/engine/accept-tasks.ts',
      'libs/intake/src/engine/ports/task-reader.port.ts',
      'libs/contracts/src/events/task-requested.v1.ts',
      'libs/adapters/postgres/src/intake/task.mapping.ts',
      'libs/adapters/object-store/src/object-store.file-system.spec.ts',
      'e2e/src/distributed.e2e.spec.ts',
    ];
    expect(findMisnamed(paths)).toEqual([]);
  });

  it('holds in the whole tree', () => {
    const paths = listFiles(['.ts']);
    expect(paths.length).toBeGreaterThan(500);
    expect(findMisnamed(paths)).toEqual([]);
  });
});
