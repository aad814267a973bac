import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { TemporaryWorkspace } from './temporary-workspace.js';

jest.setTimeout(60_000);

const workspace = TemporaryWorkspace.create();
afterAll(() => workspace.remove());

function lint(): { readonly passed: boolean; readonly cached: boolean } {
  const { status, stdout } = workspace.run('nx', ['run-many', '-t', 'lint']);
  return { passed: status === 0, cached: stdout.includes('Nx read the output from the cache') };
}

describe('the lint target', () => {
  it('is read from the cache while nothing changed and runs again for any source', () => {
    expect(lint()).toEqual({ passed: true, cached: false });
    expect(lint()).toEqual({ passed: true, cached: true });
    workspace.write({ 'libs/adapters/kafka/src/index.ts': "import '@millrace/platform';\n" });
    expect(lint()).toEqual({ passed: false, cached: false });
  });
});
