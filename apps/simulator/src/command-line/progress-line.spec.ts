import { describe, expect, it } from '@jest/globals';
import { ProgressLine } from './progress-line.js';

function told(live: boolean, times: readonly number[]): string {
  let err = '';
  let nowMs = 0;
  const output = { out: () => undefined, err: (text: string) => (err += text), live };
  const progress = new ProgressLine(output, { monotonicMs: () => nowMs });
  for (const atMs of times) {
    nowMs = atMs;
    progress.tell(`at ${atMs}`);
  }
  progress.clear();
  progress.clear();
  return err;
}

describe('progress', () => {
  it('is a line every five seconds where nobody watches', () => {
    expect(told(false, [0, 4_999, 5_000, 5_001])).toBe('  at 0\n  at 5000\n');
  });

  it('is one line written over on a terminal, and taken away once', () => {
    expect(told(true, [0, 199, 200])).toBe('\r\u001b[K  at 0\r\u001b[K  at 200\r\u001b[K');
  });
});
