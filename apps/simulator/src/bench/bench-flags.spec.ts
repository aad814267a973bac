import { describe, expect, it } from '@jest/globals';
import { readBenchFlags } from './bench-flags.js';

const CELLS = ['U', 'S', 'F', 'Q', 'speed'];
const read = (line: string) => readBenchFlags(line.split(' ').filter(Boolean), CELLS);

describe('the flags of the benchmark', () => {
  it('are all optional: every cell, as a table', () => {
    expect(read('')).toEqual({ json: false, help: false });
  });

  it('are read in both spellings', () => {
    const words =
      '--cell s --data=/d --zones us-east4-b,us-west1-b --ratio 1.5 --pods p.csv --fit none --out x.md --json';
    expect(read(words)).toEqual({
      cell: 'S',
      data: '/d',
      zones: ['us-east4-b', 'us-west1-b'],
      ratio: 1.5,
      pods: 'p.csv',
      fit: 'none',
      out: 'x.md',
      json: true,
      help: false,
    });
  });

  it.each([
    ['--cel U', 'There is no flag --cel: known are --cell, --data'],
    ['-c U', 'There is no flag -c: known are'],
    ['--toString 1', 'There is no flag --toString'],
    ['--cell', '--cell needs a value: write --cell CELL.'],
    ['--data --json', '--data needs a value'],
    ['--data=', '--data needs a value'],
    ['--cell U --cell S', '--cell stands twice'],
    ['--json=yes', '--json takes no value'],
    ['--cell X', 'There is no cell "X": take one of U, S, F, Q, speed.'],
    ['--ratio abc', '--ratio "abc" is no ratio of deadline to work: write a number from 1 to 100'],
    ['--ratio 0.9', '--ratio "0.9"'],
    ['--ratio -2', '--ratio "-2"'],
    ['--ratio Infinity', '--ratio "Infinity"'],
    ['--zones a,,b', '--zones "a,,b" has an empty name'],
    ['--zones a,a', '--zones "a,a" names a zone twice'],
    ['U', '"U" belongs to no flag'],
  ])('%s is refused in one line that says what to do', (words, message) => {
    expect(() => read(words)).toThrow(message);
    try {
      read(words);
    } catch (error) {
      expect(error).toMatchObject({ name: 'UsageError', message: expect.not.stringContaining('\n') });
    }
  });
});
