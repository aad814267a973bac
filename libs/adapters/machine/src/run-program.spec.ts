import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { tmpdir } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@millrace/kernel';
import { createProgramRunner } from './run-program.js';

const run = createProgramRunner(systemClock);
const LIMIT_MS = 20_000;
const script = (text: string): readonly string[] => ['-e', text];

describe('a program', () => {
  it('gives what it wrote, and whether it ended well', async () => {
    expect(await run(process.execPath, script('console.log("yes")'), LIMIT_MS)).toEqual({
      ...{ kind: 'ended', ok: true, output: 'yes\n', complaint: '' },
    });
    expect(await run(process.execPath, script('console.error("no"); process.exit(9)'), LIMIT_MS)).toEqual({
      ...{ kind: 'ended', ok: false, output: '', complaint: 'no\n' },
    });
  });

  it('is absent where there is none of its name', async () => {
    expect(await run('millrace-no-such-program', [], LIMIT_MS)).toEqual({ kind: 'absent' });
  });

  it('is absent where it may not be run', async () => {
    expect(await run(tmpdir(), [], LIMIT_MS)).toEqual({ kind: 'absent' });
  });

  it('tells a start that failed from a program that is absent, and throws nothing', async () => {
    expect(await run('a\0b', [], LIMIT_MS)).toMatchObject({ kind: 'not_started' });
    expect(await run(process.execPath, ['x'.repeat(4 * 2 ** 20)], LIMIT_MS)).toMatchObject({
      ...{ kind: 'not_started', reason: expect.stringContaining('E2BIG') },
    });
  });

  it('is not started where no file is left to open for it', async () => {
    const stillborn = Object.assign(new EventEmitter(), { stdout: undefined, stderr: undefined });
    const noFiles = Object.assign(new Error('spawn EMFILE'), { code: 'EMFILE' });
    const runner = createProgramRunner(systemClock, () => {
      queueMicrotask(() => stillborn.emit('error', noFiles));
      return stillborn as unknown as ChildProcess;
    });
    expect(await runner('any', [], LIMIT_MS)).toEqual({ kind: 'not_started', reason: 'spawn EMFILE' });
  });

  it('is not started while two that were killed hang: a driver does not answer sooner for being asked more', async () => {
    const due: (() => void)[] = [];
    const runner = createProgramRunner({ after: (_, fire) => (due.push(fire), () => {}) });
    const forEver = script('setInterval(() => {}, 1000)');
    const hung = [runner(process.execPath, forEver, 1), runner(process.execPath, forEver, 1)];
    for (const fire of due) fire();
    // Both are told to die, and neither has.
    expect(await runner(process.execPath, script(''), 1)).toEqual({ kind: 'timed_out' });
    expect(due).toHaveLength(2);
    expect(await Promise.all(hung)).toEqual([{ kind: 'timed_out' }, { kind: 'timed_out' }]);
  });

  it('is not waited for past its limit', async () => {
    expect(await run(process.execPath, script('setInterval(() => {}, 1000)'), 50)).toEqual({ kind: 'timed_out' });
  });
});
