import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

describe('the mutants of the promises and rules', () => {
  it('change what is there, each of their texts once: a change that makes one void shows before it is merged', () => {
    const { status, stdout } = spawnSync(process.execPath, ['scripts/mutants.mjs', '--list'], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    // What does not apply stands in the output, by name.
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/\n\d+ mutants\n$/) });
  });
});
